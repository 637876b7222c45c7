//! `microdnf-cache-left`: what microdnf downloads stays in a layer.

use super::cache_left::{self, Mend};
use crate::lint::{Context, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "microdnf-cache-left",
    page: include_str!("../../rules/lint/microdnf-cache-left.md"),
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    cache_left::check(cx, findings, &["microdnf"], &Mend::Then("clean all"));
}
