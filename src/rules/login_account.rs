//! `login-account`: an account has a password and a shell to log in with.

use crate::lint::image::Password;
use crate::lint::{Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "login-account",
    page: include_str!("../../rules/lint/login-account.md"),
    dockerfile: None,
    image: Some(check),
    deployment: None,
};

fn check(cx: &ImageContext<'_>, findings: &mut Findings) {
    // Without shadow passwords, the hashes are in `/etc/passwd`.
    let Some(file) = cx.find("/etc/shadow").or_else(|| cx.find("/etc/passwd")) else {
        return;
    };
    for user in &cx.accounts.users {
        if user.password == Password::Set && user.can_log_in() {
            let (name, shell, path) = (&user.name, user.login_shell(), cx.path(file));
            let message =
                format!("user `{name}` has a password in `{path}` and the shell `{shell}`");
            findings.add(cx.at_file(file), message);
        }
    }
}
