//! `label-not-an-email`: a label is not a valid email address.

use super::support::label_schema;
use crate::lint::{DockerfileContext, Findings, LabelType, Rule};

pub(super) const RULE: Rule = Rule {
    name: "label-not-an-email",
    page: include_str!("../../rules/lint/label-not-an-email.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    label_schema::report(cx, LabelType::Email, "an email address", findings);
}
