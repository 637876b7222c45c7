//! `empty-label`: a label that should say something is empty.

use super::label_schema;
use crate::lint::{Context, Findings, LabelType, Rule};

pub(super) const RULE: Rule = Rule {
    name: "empty-label",
    page: include_str!("../../rules/lint/empty-label.md"),
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for (pair, key, kind, value) in label_schema::in_schema(cx) {
        if kind != LabelType::RawText && value.is_empty() {
            findings
                .add(pair.span, format!("`{key}` is empty"))
                .because(label_schema::word(cx.settings, &key));
        }
    }
}
