//! `unpinned-npm-package`: npm installs whatever version is current.

use super::unpinned;
use crate::lint::{Context, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "unpinned-npm-package",
    page: include_str!("../../rules/lint/unpinned-npm-package.md"),
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    unpinned::check(cx, findings, &["npm"]);
}
