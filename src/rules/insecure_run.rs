//! `insecure-run`: a RUN turns the builder's sandbox off.

use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "insecure-run",
    page: include_str!("../../rules/lint/insecure-run.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for run in cx.facts.runs() {
        let step = &cx.facts.steps[run.step];
        let Some(flag) = step.flag("security") else {
            continue;
        };
        let value = flag
            .value
            .as_ref()
            .and_then(|word| cx.facts.expand(step, word));
        if value.as_deref() == Some("insecure") {
            findings.add(flag.span, "this `RUN` turns off the builder's sandbox");
        }
    }
}
