//! `empty-password`: an account has an empty password.

use crate::lint::image::Password;
use crate::lint::{Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "empty-password",
    page: include_str!("../../rules/lint/empty-password.md"),
    dockerfile: None,
    image: Some(check),
    deployment: None,
};

fn check(cx: &ImageContext<'_>, findings: &mut Findings) {
    // `/etc/passwd` contained the passwords before `/etc/shadow` was introduced, and still may.
    let Some(file) = cx.find("/etc/shadow").or_else(|| cx.find("/etc/passwd")) else {
        return;
    };
    for user in &cx.accounts.users {
        if user.password == Password::Empty {
            let (user, path) = (&user.name, cx.path(file));
            let message = format!("user `{user}` has an empty password in `{path}`");
            findings.add(cx.at_file(file), message);
        }
    }
}
