//! `ignored-cmd`: a later CMD replaces this one.

use super::support::ignored::report;
use crate::dockerfile::Kind;
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "ignored-cmd",
    page: include_str!("../../rules/lint/ignored-cmd.md"),
    dockerfile: Some(check),
    image: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    report(cx, Kind::Cmd, findings);
}
