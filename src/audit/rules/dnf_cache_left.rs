//! `dnf-cache-left`: the cache of dnf is in the image.

use super::caches;
use crate::audit::{Context, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "dnf-cache-left",
    page: None,
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings<'_, '_>) {
    caches::report(
        cx,
        findings,
        &["/var/cache/dnf", "/var/cache/libdnf5"],
        "the cache of dnf",
    );
}
