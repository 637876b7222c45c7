//! `host-network-in-run`: a RUN uses the network of the host.

use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "host-network-in-run",
    page: include_str!("../../rules/lint/host-network-in-run.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for run in cx.facts.runs() {
        let step = &cx.facts.steps[run.step];
        let Some(flag) = step.flag("network") else {
            continue;
        };
        let value = flag
            .value
            .as_ref()
            .and_then(|word| cx.facts.expand(step, word));
        if value.as_deref() == Some("host") {
            findings.add(flag.span, "this `RUN` uses the host's network");
        }
    }
}
