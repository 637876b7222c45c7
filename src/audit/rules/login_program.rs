//! `login-program`: a program for logins is in the image.

use crate::audit::{Context, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "login-program",
    page: Some(include_str!("../../../rules/lint/login-program.md")),
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings<'_, '_>) {
    for (program, name) in cx.programs(&[
        "login",
        "getty",
        "agetty",
        "su",
        "telnetd",
        "in.telnetd",
        "rlogind",
        "passwd",
        "chsh",
        "newgrp",
    ]) {
        findings.file(name, format!("`{program}` is for people who log in"));
    }
}
