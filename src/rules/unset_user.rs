//! `unset-user`: no USER anywhere, in an image whose program may well be root.

use super::missing_user::{Program, report};
use crate::lint::{Context, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "unset-user",
    page: include_str!("../../rules/lint/unset-user.md"),
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    report(cx, findings, Program::Other);
}
