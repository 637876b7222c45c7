//! `required-label`: an image lacks a label that the policy requires.

use crate::lint::{Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "required-label",
    page: include_str!("../../rules/lint/required-label.md"),
    dockerfile: None,
    image: Some(check),
    deployment: None,
};

fn check(cx: &ImageContext<'_>, findings: &mut Findings) {
    for label in &cx.policy.required_labels {
        let value = cx.configuration().label(label).unwrap_or_default();
        if value.trim().is_empty() {
            let message = format!("label `{label}` is missing; the policy requires it");
            findings
                .add(cx.at_instruction("LABEL"), message)
                .because(cx.policy.budget("require-labels"));
        }
    }
}
