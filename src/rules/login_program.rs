//! `login-program`: a program for logins is in the image.

use crate::lint::{Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "login-program",
    page: include_str!("../../rules/lint/login-program.md"),
    dockerfile: None,
    image: Some(check),
};

fn check(cx: &ImageContext<'_>, findings: &mut Findings) {
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
        findings.add(
            cx.at_file(name),
            format!("`{program}` is for people who log in"),
        );
    }
}
