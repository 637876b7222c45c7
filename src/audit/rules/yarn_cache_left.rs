//! `yarn-cache-left`: the cache of yarn is in the image.

use super::caches;
use crate::audit::{Context, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "yarn-cache-left",
    page: None,
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings<'_, '_>) {
    caches::report(cx, findings, caches::of("yarn"), "the cache of yarn");
}
