//! `ignored-healthcheck`: a later HEALTHCHECK replaces this one.

use super::support::ignored::report;
use crate::dockerfile::Kind;
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "ignored-healthcheck",
    page: include_str!("../../rules/lint/ignored-healthcheck.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    report(cx, Kind::Healthcheck, findings);
}
