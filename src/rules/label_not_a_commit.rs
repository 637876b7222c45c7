//! `label-not-a-commit`: a label that should be a commit is none.

use super::label_schema;
use crate::lint::{Context, Findings, LabelType, Rule};

pub(super) const RULE: Rule = Rule {
    name: "label-not-a-commit",
    page: include_str!("../../rules/lint/label-not-a-commit.md"),
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    label_schema::report(cx, LabelType::Hash, "the hash of a commit", findings);
}
