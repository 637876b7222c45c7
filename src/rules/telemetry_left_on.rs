//! `telemetry-left-on`: a tool sends telemetry, and no variable turns it off.

use std::collections::BTreeSet;

use super::support::rewrite::line_before;
use crate::lint::facts::Call;
use crate::lint::{DockerfileContext, Findings, Fix, Rule};

pub(super) const RULE: Rule = Rule {
    name: "telemetry-left-on",
    page: include_str!("../../rules/lint/telemetry-left-on.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

/// A tool that sends telemetry.
struct Tool {
    programs: &'static [&'static str],
    /// The variable that turns telemetry off, according to the vendor.
    variable: &'static str,
    value: &'static str,
}

const TOOLS: [Tool; 17] = [
    tool(&["astro"], "ASTRO_TELEMETRY_DISABLED", "1"),
    tool(&["az"], "AZURE_CORE_COLLECT_TELEMETRY", "false"),
    tool(&["brew"], "HOMEBREW_NO_ANALYTICS", "1"),
    tool(&["dbt"], "DBT_SEND_ANONYMOUS_USAGE_STATS", "false"),
    tool(&["dotnet"], "DOTNET_CLI_TELEMETRY_OPTOUT", "1"),
    tool(&["gatsby"], "GATSBY_TELEMETRY_DISABLED", "1"),
    tool(&["hf", "huggingface-cli"], "HF_HUB_DISABLE_TELEMETRY", "1"),
    tool(&["next"], "NEXT_TELEMETRY_DISABLED", "1"),
    tool(&["nuxt", "nuxi"], "NUXT_TELEMETRY_DISABLED", "1"),
    tool(&["pwsh"], "POWERSHELL_TELEMETRY_OPTOUT", "1"),
    tool(&["rasa"], "RASA_TELEMETRY_ENABLED", "false"),
    tool(&["sam"], "SAM_CLI_TELEMETRY", "0"),
    tool(&["storybook"], "STORYBOOK_DISABLE_TELEMETRY", "1"),
    tool(&["strapi"], "STRAPI_TELEMETRY_DISABLED", "true"),
    tool(&["turbo"], "TURBO_TELEMETRY_DISABLED", "1"),
    tool(&["vcpkg"], "VCPKG_DISABLE_METRICS", "1"),
    tool(&["wrangler"], "WRANGLER_SEND_METRICS", "false"),
];

const fn tool(
    programs: &'static [&'static str],
    variable: &'static str,
    value: &'static str,
) -> Tool {
    Tool {
        programs,
        variable,
        value,
    }
}

/// Programs that download and run the program in their first argument.
const RUNNERS: [&str; 4] = ["npx", "pnpx", "bunx", "pipx"];

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    let mut reported = BTreeSet::new();
    for run in cx.facts.runs() {
        let step = &cx.facts.steps[run.step];
        for call in &run.calls {
            let Some((program, tool)) = called_tool(call) else {
                continue;
            };
            let (variable, value) = (tool.variable, tool.value);
            // Any value counts, because the author has made a decision.
            if cx.facts.is_declared(step, variable)
                || run.assignments().any(|(name, ..)| name == variable)
            {
                continue;
            }
            // One ENV is enough for the rest of the stage.
            if !reported.insert((step.stage, variable)) {
                continue;
            }
            let message = format!("`{program}` sends telemetry unless `{variable}` is set");
            let report = findings.add(call.name_span, message);
            // Before the first FROM, ENV is not allowed.
            if !step.onbuild && step.stage.is_some() {
                let edit = line_before(cx, step, &format!("ENV {variable}={value}"));
                report.fix(Fix::marked_unsafe(format!("set `{variable}`"), [edit]));
            }
        }
    }
}

/// The name of the tool that a call runs, and the tool.
fn called_tool(call: &Call) -> Option<(&str, &'static Tool)> {
    // `npx next@15 build` runs `next`.
    let program = if RUNNERS.contains(&call.name.as_str()) {
        call.words()
            .find(|word| !word.starts_with('-'))?
            .split('@')
            .next()?
    } else {
        &call.name
    };
    let tool = TOOLS.iter().find(|tool| tool.programs.contains(&program))?;
    // `dotnet app.dll` runs a program instead of the tool.
    let first = call.words().next().unwrap_or_default();
    if first.to_ascii_lowercase().ends_with(".dll") {
        return None;
    }
    Some((program, tool))
}
