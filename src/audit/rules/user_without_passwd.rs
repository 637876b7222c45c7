//! `user-without-passwd`: the configuration names a user whom the image does not know.

use crate::audit::{Context, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "user-without-passwd",
    page: None,
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings<'_, '_>) {
    let said = cx.configuration().user();
    let (user, group) = said.split_once(':').unwrap_or((said, ""));
    let is_name = |text: &str| !text.is_empty() && text.parse::<u64>().is_err();
    if is_name(user) && cx.accounts.user(user).is_none() {
        findings.config(
            "USER",
            format!("nothing in this image says who `{user}` is, so it does not start"),
        );
    } else if is_name(group) && !cx.accounts.groups.iter().any(|(name, _)| name == group) {
        findings.config(
            "USER",
            format!("nothing in this image says what group `{group}` is, so it does not start"),
        );
    }
}
