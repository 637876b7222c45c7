//! `apt-without-yes`: `apt-get` asks, and nobody answers.

use super::unattended;
use crate::lint::{Context, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "apt-without-yes",
    page: include_str!("../../rules/lint/apt-without-yes.md"),
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    unattended::check(cx, findings, &["apt"], "-y");
}
