//! `ignored-entrypoint`: a later ENTRYPOINT replaces this one.

use super::support::ignored::report;
use crate::dockerfile::Kind;
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "ignored-entrypoint",
    page: include_str!("../../rules/lint/ignored-entrypoint.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    report(cx, Kind::Entrypoint, findings);
}
