//! `unreachable-stage`: a stage is never used.

use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "unreachable-stage",
    page: include_str!("../../rules/lint/unreachable-stage.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    let last = cx.facts.final_stage().map(|stage| stage.from.span);
    for stage in cx.facts.stages.iter().filter(|stage| !stage.reachable) {
        // The name, because that is what other stages would refer to.
        let span = stage.alias.unwrap_or(stage.image).span;
        let report = findings.add(span, "stage is never used");
        if let Some(last) = last {
            report.label(last, "the final stage");
        }
    }
}
