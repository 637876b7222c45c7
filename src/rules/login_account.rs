//! `login-account`: somebody can log in with a password.

use crate::lint::image::Password;
use crate::lint::{Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "login-account",
    page: include_str!("../../rules/lint/login-account.md"),
    dockerfile: None,
    image: Some(check),
};

fn check(cx: &ImageContext<'_>, findings: &mut Findings) {
    let Some(file) = cx.find("/etc/shadow").or_else(|| cx.find("/etc/passwd")) else {
        return;
    };
    for user in cx
        .accounts
        .users
        .iter()
        .filter(|user| user.password == Password::Set && user.can_work())
    {
        findings.add(
            cx.at_file(file),
            format!(
                "`{}` has a password, and `{}` to work in",
                user.name, user.shell
            ),
        );
    }
}
