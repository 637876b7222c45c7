//! `exposed-ssh-port`: EXPOSE speaks of a login by SSH.

use crate::lint::{Context, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "exposed-ssh-port",
    page: include_str!("../../rules/lint/exposed-ssh-port.md"),
    check,
};

const SSH: u32 = 22;

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for port in cx.facts.steps.iter().flat_map(|step| cx.facts.ports(step)) {
        if port
            .first
            .zip(port.last)
            .is_some_and(|(first, last)| (first..=last).contains(&SSH))
        {
            findings.add(
                port.span,
                format!("port {SSH} is for logins, and a container needs none"),
            );
        }
    }
}
