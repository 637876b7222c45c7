//! `dnf-without-yes`: `dnf` asks, and nobody answers.

use super::unattended;
use crate::lint::{Context, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "dnf-without-yes",
    page: include_str!("../../rules/lint/dnf-without-yes.md"),
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    unattended::check(cx, findings, &["dnf", "microdnf", "tdnf"], "-y");
}
