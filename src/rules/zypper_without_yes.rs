//! `zypper-without-yes`: `zypper` prompts for confirmation.

use super::support::unattended;
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "zypper-without-yes",
    page: include_str!("../../rules/lint/zypper-without-yes.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    unattended::check(cx, findings, &["zypper"], "-y");
}
