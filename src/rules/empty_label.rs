//! `empty-label`: a required label is empty.

use super::support::label_schema;
use crate::lint::{DockerfileContext, Findings, LabelType, Rule};

pub(super) const RULE: Rule = Rule {
    name: "empty-label",
    page: include_str!("../../rules/lint/empty-label.md"),
    dockerfile: Some(check),
    image: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for (pair, key, kind, value) in label_schema::in_schema(cx) {
        if kind != LabelType::RawText && value.is_empty() {
            findings
                .add(pair.span, format!("label `{key}` is empty"))
                .because(label_schema::origin(cx.settings, &key));
        }
    }
}
