//! `label-not-an-email`: a label that should be an e-mail address is none.

use super::label_schema;
use crate::lint::{Context, Findings, LabelType, Rule};

pub(super) const RULE: Rule = Rule {
    name: "label-not-an-email",
    page: include_str!("../../rules/lint/label-not-an-email.md"),
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    label_schema::report(cx, LabelType::Email, "an e-mail address", findings);
}
