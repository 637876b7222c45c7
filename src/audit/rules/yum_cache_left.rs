//! `yum-cache-left`: the cache of yum is in the image.

use super::caches;
use crate::audit::{Context, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "yum-cache-left",
    page: None,
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings<'_, '_>) {
    caches::report(cx, findings, &["/var/cache/yum"], "the cache of yum");
}
