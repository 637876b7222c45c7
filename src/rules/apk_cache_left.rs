//! `apk-cache-left`: what apk downloads stays in a layer.

use super::cache_left::{self, Mend};
use crate::lint::{Context, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "apk-cache-left",
    page: include_str!("../../rules/lint/apk-cache-left.md"),
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    cache_left::check(cx, findings, &["apk"], &Mend::Option("--no-cache"));
}
