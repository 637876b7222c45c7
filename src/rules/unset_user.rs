//! `unset-user`: no USER is set in an image whose program may need root.

use super::support::root_by_default::{Program, report};
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "unset-user",
    page: include_str!("../../rules/lint/unset-user.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    report(cx, findings, Program::Other);
}
