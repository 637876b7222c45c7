//! `dnf-without-yes`: `dnf` prompts for confirmation.

use super::support::unattended;
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "dnf-without-yes",
    page: include_str!("../../rules/lint/dnf-without-yes.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    unattended::check(cx, findings, &["dnf", "microdnf", "tdnf"], "-y");
}
