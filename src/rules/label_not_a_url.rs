//! `label-not-a-url`: a label is not a valid URL.

use super::support::label_schema;
use crate::lint::{DockerfileContext, Findings, LabelType, Rule};

pub(super) const RULE: Rule = Rule {
    name: "label-not-a-url",
    page: include_str!("../../rules/lint/label-not-a-url.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    label_schema::report(cx, LabelType::Url, "a URL", findings);
}
