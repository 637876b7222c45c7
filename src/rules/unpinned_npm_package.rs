//! `unpinned-npm-package`: packages of npm have no version.

use super::support::unpinned;
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "unpinned-npm-package",
    page: include_str!("../../rules/lint/unpinned-npm-package.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    unpinned::check(cx, findings, &["npm"]);
}
