//! `yum-without-yes`: `yum` asks, and nobody answers.

use super::unattended;
use crate::lint::{Context, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "yum-without-yes",
    page: include_str!("../../rules/lint/yum-without-yes.md"),
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    unattended::check(cx, findings, &["yum"], "-y");
}
