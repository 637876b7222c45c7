//! `apt-lists-left`: the package list of apt is in the image.

use super::caches;
use crate::audit::{Context, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "apt-lists-left",
    page: None,
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings<'_, '_>) {
    caches::report(
        cx,
        findings,
        &["/var/lib/apt/lists"],
        "the package list of apt",
    );
}
