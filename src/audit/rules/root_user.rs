//! `root-user`: the configuration says that the container runs as root.

use crate::audit::{Context, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "root-user",
    page: None,
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings<'_, '_>) {
    let said = cx.configuration().user();
    let user = said.split(':').next().unwrap_or(said);
    let is_root = user == "root"
        || user.parse() == Ok(0_u64)
        || cx.accounts.user(user).is_some_and(|user| user.uid == 0);
    if !user.is_empty() && is_root {
        findings.config(
            "USER",
            format!("the container runs as `{user}`, which is root"),
        );
    }
}
