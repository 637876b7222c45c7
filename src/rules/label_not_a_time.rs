//! `label-not-a-time`: a label that should be a time is none.

use super::label_schema;
use crate::lint::{Context, Findings, LabelType, Rule};

pub(super) const RULE: Rule = Rule {
    name: "label-not-a-time",
    page: include_str!("../../rules/lint/label-not-a-time.md"),
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    label_schema::report(cx, LabelType::Rfc3339, "a time by RFC 3339", findings);
}
