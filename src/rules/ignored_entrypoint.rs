//! `ignored-entrypoint`: an ENTRYPOINT is followed by another one.

use super::ignored_cmd::report;
use crate::dockerfile::Kind;
use crate::lint::{Context, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "ignored-entrypoint",
    page: include_str!("../../rules/lint/ignored-entrypoint.md"),
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    report(cx, Kind::Entrypoint, findings);
}
