//! `expired-exception`: an exception of the policy has expired.

use crate::lint::{Findings, ImageContext, Rule, SettingKey};

pub(super) const RULE: Rule = Rule {
    name: "expired-exception",
    page: include_str!("../../rules/lint/expired-exception.md"),
    dockerfile: None,
    image: Some(check),
    deployment: None,
};

fn check(cx: &ImageContext<'_>, findings: &mut Findings) {
    for (index, exception) in cx.policy.exceptions.iter().enumerate() {
        // An exception without a date never expires.
        let Some(last) = exception.expires else {
            continue;
        };
        if !cx.policy.has_expired(exception) {
            continue;
        }
        let key = SettingKey::Exception(index);
        let message = format!("policy exception for {} expired on {last}", exception.name);
        findings
            .add(cx.at_image(), message)
            .because(cx.policy.origins.label(&key, "expiry date set here"))
            .note(format!("reason for the exception: {}", exception.reason));
    }
}
