//! `unpinned-go-package`: go installs whatever version is current.

use super::unpinned;
use crate::lint::{Context, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "unpinned-go-package",
    page: include_str!("../../rules/lint/unpinned-go-package.md"),
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    unpinned::check(cx, findings, &["go"]);
}
