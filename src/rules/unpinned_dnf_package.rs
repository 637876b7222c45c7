//! `unpinned-dnf-package`: packages of dnf have no version.

use super::support::unpinned;
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "unpinned-dnf-package",
    page: include_str!("../../rules/lint/unpinned-dnf-package.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    unpinned::check(cx, findings, &["dnf", "microdnf"]);
}
