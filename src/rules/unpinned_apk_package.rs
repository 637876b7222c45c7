//! `unpinned-apk-package`: apk installs whatever version is current.

use super::unpinned;
use crate::lint::{Context, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "unpinned-apk-package",
    page: include_str!("../../rules/lint/unpinned-apk-package.md"),
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    unpinned::check(cx, findings, &["apk"]);
}
