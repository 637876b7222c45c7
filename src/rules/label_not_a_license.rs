//! `label-not-a-license`: a label is not a valid SPDX license expression.

use super::support::label_schema;
use crate::lint::{DockerfileContext, Findings, LabelType, Rule};

pub(super) const RULE: Rule = Rule {
    name: "label-not-a-license",
    page: include_str!("../../rules/lint/label-not-a-license.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    label_schema::report(cx, LabelType::Spdx, "an SPDX license expression", findings);
}
