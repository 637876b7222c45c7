//! `missing-entrypoint`: the image says nothing of what to start.

use crate::audit::{Context, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "missing-entrypoint",
    page: Some(include_str!("../../../rules/lint/missing-entrypoint.md")),
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings<'_, '_>) {
    if cx.configuration().entrypoint().is_empty() && cx.configuration().cmd().is_empty() {
        findings.config("CMD", "neither `ENTRYPOINT` nor `CMD` says what to start");
    }
}
