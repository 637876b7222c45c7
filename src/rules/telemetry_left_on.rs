//! `telemetry-left-on`: a tool sends telemetry, and no variable turns it off.

use std::collections::BTreeSet;

use crate::lint::facts::Call;
use crate::lint::{Applicability, DockerfileContext, Edit, Findings, Fix, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "telemetry-left-on",
    page: include_str!("../../rules/lint/telemetry-left-on.md"),
    dockerfile: Some(check),
    image: None,
};

/// Programs, the variable that their makers name against reports, and its value.
type Tool = (&'static [&'static str], &'static str, &'static str);

const TOOLS: [Tool; 17] = [
    (&["astro"], "ASTRO_TELEMETRY_DISABLED", "1"),
    (&["az"], "AZURE_CORE_COLLECT_TELEMETRY", "false"),
    (&["brew"], "HOMEBREW_NO_ANALYTICS", "1"),
    (&["dbt"], "DBT_SEND_ANONYMOUS_USAGE_STATS", "false"),
    (&["dotnet"], "DOTNET_CLI_TELEMETRY_OPTOUT", "1"),
    (&["gatsby"], "GATSBY_TELEMETRY_DISABLED", "1"),
    (&["hf", "huggingface-cli"], "HF_HUB_DISABLE_TELEMETRY", "1"),
    (&["next"], "NEXT_TELEMETRY_DISABLED", "1"),
    (&["nuxt", "nuxi"], "NUXT_TELEMETRY_DISABLED", "1"),
    (&["pwsh"], "POWERSHELL_TELEMETRY_OPTOUT", "1"),
    (&["rasa"], "RASA_TELEMETRY_ENABLED", "false"),
    (&["sam"], "SAM_CLI_TELEMETRY", "0"),
    (&["storybook"], "STORYBOOK_DISABLE_TELEMETRY", "1"),
    (&["strapi"], "STRAPI_TELEMETRY_DISABLED", "true"),
    (&["turbo"], "TURBO_TELEMETRY_DISABLED", "1"),
    (&["vcpkg"], "VCPKG_DISABLE_METRICS", "1"),
    (&["wrangler"], "WRANGLER_SEND_METRICS", "false"),
];
/// Programs that run the one that they are given first.
const RUNNERS: [&str; 4] = ["npx", "pnpx", "bunx", "pipx"];

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    let mut said = BTreeSet::new();
    for run in cx.facts.runs() {
        let step = &cx.facts.steps[run.step];
        for call in &run.calls {
            let Some((program, (_, variable, value))) = tool(call) else {
                continue;
            };
            let is_set = || {
                cx.facts.is_declared(step, variable)
                    || run.assignments().any(|(name, ..)| name == *variable)
            };
            if is_set() || !said.insert((step.stage, variable)) {
                continue;
            }
            let report = findings.add(
                call.name_span,
                format!("`{program}` sends telemetry unless `{variable}` is set"),
            );
            // Above the first FROM there is no ENV.
            if !step.onbuild && step.stage.is_some() {
                let line = cx.source.line_span(cx.source.line(step.span.start));
                let replacement = format!("ENV {variable}={value}{}", cx.line_break());
                let edit = Edit {
                    span: Span::at(line.start),
                    replacement,
                };
                report.fix(Fix::new(
                    format!("set `{variable}`"),
                    Applicability::Unsafe,
                    vec![edit],
                ));
            }
        }
    }
}

/// What a call runs, if it is one of the tools.
fn tool(call: &Call) -> Option<(&str, &'static Tool)> {
    let program = if RUNNERS.contains(&call.name.as_str()) {
        call.words()
            .find(|word| !word.starts_with('-'))?
            .split('@')
            .next()?
    } else {
        &call.name
    };
    let tool = TOOLS
        .iter()
        .find(|(programs, ..)| programs.contains(&program))?;
    // `dotnet app.dll` runs a program, and not the tool.
    let is_host = call
        .words()
        .next()
        .is_some_and(|word| word.to_ascii_lowercase().ends_with(".dll"));
    (!is_host).then_some((program, tool))
}
