//! `zypper-without-yes`: `zypper` asks, and nobody answers.

use super::unattended;
use crate::lint::{Context, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "zypper-without-yes",
    page: include_str!("../../rules/lint/zypper-without-yes.md"),
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    unattended::check(cx, findings, &["zypper"], "-y");
}
