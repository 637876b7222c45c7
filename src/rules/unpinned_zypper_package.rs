//! `unpinned-zypper-package`: zypper installs whatever version is current.

use super::unpinned;
use crate::lint::{Context, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "unpinned-zypper-package",
    page: include_str!("../../rules/lint/unpinned-zypper-package.md"),
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    unpinned::check(cx, findings, &["zypper"]);
}
