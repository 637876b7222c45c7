//! `apk-cache-left`: the cache of apk is in the image.

use super::caches;
use crate::audit::{Context, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "apk-cache-left",
    page: None,
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings<'_, '_>) {
    caches::report(cx, findings, caches::of("apk"), "the cache of apk");
}
