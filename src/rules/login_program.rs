//! `login-program`: a program for interactive logins is in the image.

use crate::lint::{Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "login-program",
    page: include_str!("../../rules/lint/login-program.md"),
    dockerfile: None,
    image: Some(check),
    deployment: None,
};

/// Programs with which users log in, change their password or become another user.
const PROGRAMS: [&str; 10] = [
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
];

fn check(cx: &ImageContext<'_>, findings: &mut Findings) {
    // Only directories in PATH are searched, because elsewhere these names may belong to other
    // files.
    for name in cx.programs(PROGRAMS) {
        let path = cx.path(name);
        let message = format!("login program `{path}` is in the image");
        findings.add(cx.at_file(name), message);
    }
}
