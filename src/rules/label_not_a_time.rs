//! `label-not-a-time`: a label is not a valid RFC 3339 time.

use super::support::label_schema;
use crate::lint::{DockerfileContext, Findings, LabelType, Rule};

pub(super) const RULE: Rule = Rule {
    name: "label-not-a-time",
    page: include_str!("../../rules/lint/label-not-a-time.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    label_schema::report(cx, LabelType::Rfc3339, "an RFC 3339 timestamp", findings);
}
