//! `required-attestation`: an image lacks an attestation that the policy requires.

use crate::lint::{Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "required-attestation",
    page: include_str!("../../rules/lint/required-attestation.md"),
    dockerfile: None,
    image: Some(check),
    deployment: None,
};

fn check(cx: &ImageContext<'_>, findings: &mut Findings) {
    // Statements are attached to an image that is written; one in memory has none yet.
    let Some(attested) = cx.attested else {
        return;
    };
    for required in &cx.policy.required_attestations {
        let mut types = attested.iter();
        if !types.any(|attested| required.is_match(attested.as_bytes())) {
            let message = format!(
                "no attestation `{}` is attached; the policy requires it",
                required.as_str()
            );
            findings
                .add(cx.at_image(), message)
                .because(cx.policy.budget("require-attestations"));
        }
    }
}
