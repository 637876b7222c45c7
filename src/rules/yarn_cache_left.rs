//! `yarn-cache-left`: what yarn downloads stays in a layer.

use super::cache_left::{self, Mend};
use crate::lint::{Context, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "yarn-cache-left",
    page: include_str!("../../rules/lint/yarn-cache-left.md"),
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    cache_left::check(cx, findings, &["yarn"], &Mend::Then("cache clean"));
}
