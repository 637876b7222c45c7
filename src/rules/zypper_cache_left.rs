//! `zypper-cache-left`: what zypper downloads stays in a layer.

use super::cache_left::{self, Mend};
use crate::lint::{Context, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "zypper-cache-left",
    page: include_str!("../../rules/lint/zypper-cache-left.md"),
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    cache_left::check(cx, findings, &["zypper"], &Mend::Then("clean --all"));
}
