//! `expired-exception`: an exception of the policy has had its time.

use crate::lint::image::Exception;
use crate::lint::SettingKey;
use crate::lint::{Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "expired-exception",
    page: include_str!("../../rules/lint/expired-exception.md"),
    dockerfile: None,
    image: Some(check),
};

fn check(cx: &ImageContext<'_>, findings: &mut Findings) {
    let expired = |(_, exception): &(usize, &Exception)| cx.policy.has_expired(exception);
    for (index, exception) in cx.policy.exceptions.iter().enumerate().filter(expired) {
        let Some(last) = exception.expires else {
            continue;
        };
        let report = findings.add(
            cx.at_image(),
            format!(
                "the exception for {} has expired with {last}",
                exception.name
            ),
        );
        let word = cx
            .policy
            .origins
            .label(&SettingKey::Exception(index), "its last day is set here");
        report
            .because(word)
            .note(format!("it was made because: {}", exception.reason));
    }
}
