//! `dnf-cache-left`: what dnf downloads stays in a layer.

use super::cache_left::{self, Mend};
use crate::lint::{Context, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "dnf-cache-left",
    page: include_str!("../../rules/lint/dnf-cache-left.md"),
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    cache_left::check(cx, findings, &["dnf"], &Mend::Then("clean all"));
}
