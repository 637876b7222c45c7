//! `expired-exception`: an exception of the policy has had its time.

use crate::audit::{Context, Exception, Findings, Rule};
use crate::lint::words::Topic;

pub(super) const RULE: Rule = Rule {
    name: "expired-exception",
    page: Some(include_str!("../../../rules/lint/expired-exception.md")),
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings<'_, '_>) {
    let expired = |(_, exception): &(usize, &Exception)| cx.policy.has_expired(exception);
    for (index, exception) in cx.policy.exceptions.iter().enumerate().filter(expired) {
        let Some(last) = exception.expires else {
            continue;
        };
        let report = findings.image(format!(
            "the exception for {} has expired with {last}",
            exception.name
        ));
        let word = cx
            .policy
            .words
            .label(&Topic::Exception(index), "its last day is set here");
        report
            .because(word)
            .note(format!("it was made because: {}", exception.reason));
    }
}
