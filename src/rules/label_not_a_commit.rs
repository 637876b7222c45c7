//! `label-not-a-commit`: a label is not a valid commit hash.

use super::support::label_schema;
use crate::lint::{DockerfileContext, Findings, LabelType, Rule};

pub(super) const RULE: Rule = Rule {
    name: "label-not-a-commit",
    page: include_str!("../../rules/lint/label-not-a-commit.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    label_schema::report(cx, LabelType::Hash, "a commit hash", findings);
}
