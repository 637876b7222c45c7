//! `unpinned-pip-package`: packages of pip have no version.

use super::support::unpinned;
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "unpinned-pip-package",
    page: include_str!("../../rules/lint/unpinned-pip-package.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    unpinned::check(cx, findings, &["pip"]);
}
