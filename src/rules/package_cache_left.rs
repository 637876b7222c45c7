//! `package-cache-left`: what other package managers download stays in a layer.

use super::cache_left::{self, Mend};
use crate::lint::{Context, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "package-cache-left",
    page: include_str!("../../rules/lint/package-cache-left.md"),
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    cache_left::check(
        cx,
        findings,
        &["cargo", "composer", "conda", "go", "npm", "uv"],
        &Mend::None,
    );
}
