//! `unpinned-dnf-package`: dnf installs whatever version is current.

use super::unpinned;
use crate::lint::{Context, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "unpinned-dnf-package",
    page: include_str!("../../rules/lint/unpinned-dnf-package.md"),
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    unpinned::check(cx, findings, &["dnf", "microdnf"]);
}
