//! `label-not-a-version`: a label that should be a semantic version is none.

use super::label_schema;
use crate::lint::{Context, Findings, LabelType, Rule};

pub(super) const RULE: Rule = Rule {
    name: "label-not-a-version",
    page: include_str!("../../rules/lint/label-not-a-version.md"),
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    label_schema::report(cx, LabelType::Semver, "a semantic version", findings);
}
