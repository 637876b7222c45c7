//! `empty-label`: a required label is empty.

use super::support::label_schema;
use crate::lint::{DockerfileContext, Findings, LabelType, Rule};

pub(super) const RULE: Rule = Rule {
    name: "empty-label",
    page: include_str!("../../rules/lint/empty-label.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for label in label_schema::in_schema(cx) {
        // Every other type has a format that an empty value does not match.
        if label.kind != LabelType::RawText && label.value.is_empty() {
            let key = &label.key;
            findings
                .add(label.pair.span, format!("label `{key}` is empty"))
                .because(label_schema::origin(cx.settings, key));
        }
    }
}
