//! `yum-cache-left`: what yum downloads stays in a layer.

use super::cache_left::{self, Mend};
use crate::lint::{Context, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "yum-cache-left",
    page: include_str!("../../rules/lint/yum-cache-left.md"),
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    cache_left::check(cx, findings, &["yum"], &Mend::Then("clean all"));
}
