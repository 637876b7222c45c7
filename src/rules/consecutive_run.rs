//! `consecutive-run`: consecutive RUNs can be combined.

use super::support::lines::are_on_adjacent_lines;
use super::support::rewrite::{flags, join};
use crate::dockerfile::Command;
use crate::lint::facts::Run;
use crate::lint::{DockerfileContext, Findings, Fix, Rule};

pub(super) const RULE: Rule = Rule {
    name: "consecutive-run",
    page: include_str!("../../rules/lint/consecutive-run.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    // Layers of builder stages are not part of the image, and cache better one by one.
    let last = cx.facts.final_stage().map(|stage| stage.index);
    for pair in cx.facts.runs().windows(2) {
        let [before, run] = pair else { continue };
        let step = &cx.facts.steps[run.step];
        // Another instruction between them may change the environment of the second.
        let adjacent =
            before.step + 1 == run.step && !step.onbuild && !cx.facts.steps[before.step].onbuild;
        if adjacent
            && step.stage == last
            && flags(cx.facts, before) == flags(cx.facts, run)
            && is_short(before)
            && is_short(run)
        {
            let first = cx.facts.steps[before.step].instruction.keyword.span;
            let message = "this `RUN` can be combined with the previous `RUN`";
            let report = findings.add(step.instruction.keyword.span, message);
            let report = report.label(first, "the previous `RUN`");
            // An empty line shows that the two do not belong together.
            if are_on_adjacent_lines(cx, &cx.facts.steps[before.step], step)
                && let Some(edit) = join(cx, before, run)
            {
                report.fix(Fix::safe("combine them with `&&`", [edit]));
            }
        }
    }
}

/// Whether a RUN has one command, or, in a script that is not parsed, no operator between several.
fn is_short(run: &Run<'_>) -> bool {
    match (run.command, &run.script) {
        (Command::Exec(_), _) => true,
        (_, Some(script)) => script.commands.len() == 1,
        (Command::Shell(text), None) => !text.text.as_str().contains([';', '&', '|', '\n']),
    }
}
