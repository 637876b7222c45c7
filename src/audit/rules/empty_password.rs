//! `empty-password`: an account that nobody needs a password for.

use crate::audit::{Context, Findings, Password, Rule};

pub(super) const RULE: Rule = Rule {
    name: "empty-password",
    page: Some(include_str!("../../../rules/lint/empty-password.md")),
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings<'_, '_>) {
    let Some(file) = cx.find("/etc/shadow").or_else(|| cx.find("/etc/passwd")) else {
        return;
    };
    for user in cx
        .accounts
        .users
        .iter()
        .filter(|user| user.password == Password::Empty)
    {
        findings.file(file, format!("`{}` has an empty password", user.name));
    }
}
