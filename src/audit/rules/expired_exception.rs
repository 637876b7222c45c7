//! `expired-exception`: an exception of the policy has had its time.

use crate::audit::{Context, Findings, Rule};

pub(super) const RULE: Rule =
    Rule { name: "expired-exception", page: Some(include_str!("../../../rules/image/expired-exception.md")), check };

fn check(cx: &Context<'_>, findings: &mut Findings<'_, '_>) {
    for exception in cx.policy.exceptions.iter().filter(|exception| cx.policy.has_expired(exception)) {
        let Some(last) = exception.expires else { continue };
        let report = findings.image(format!("the exception for {} has expired with {last}", exception.name));
        report.note(format!("it was made because: {}", exception.reason));
    }
}
