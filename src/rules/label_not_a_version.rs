//! `label-not-a-version`: a label is not a valid semantic version.

use super::support::label_schema;
use crate::lint::{DockerfileContext, Findings, LabelType, Rule};

pub(super) const RULE: Rule = Rule {
    name: "label-not-a-version",
    page: include_str!("../../rules/lint/label-not-a-version.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    label_schema::report(cx, LabelType::Semver, "a semantic version", findings);
}
