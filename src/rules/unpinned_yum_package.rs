//! `unpinned-yum-package`: packages of yum have no version.

use super::support::unpinned;
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "unpinned-yum-package",
    page: include_str!("../../rules/lint/unpinned-yum-package.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    unpinned::check(cx, findings, &["yum"]);
}
