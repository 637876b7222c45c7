//! `pip-cache-left`: what pip downloads stays in a layer.

use super::cache_left::{self, Mend};
use crate::lint::{Context, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "pip-cache-left",
    page: include_str!("../../rules/lint/pip-cache-left.md"),
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    cache_left::check(cx, findings, &["pip"], &Mend::Option("--no-cache-dir"));
}
