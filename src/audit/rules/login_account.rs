//! `login-account`: somebody can log in with a password.

use crate::audit::Password;
use crate::audit::{Context, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "login-account",
    page: Some(include_str!("../../../rules/lint/login-account.md")),
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
        .filter(|user| user.password == Password::Set && user.can_work())
    {
        findings.file(
            file,
            format!(
                "`{}` has a password, and `{}` to work in",
                user.name, user.shell
            ),
        );
    }
}
