//! `ssh-server-in-image`: an SSH server is in the image.

use crate::audit::{Context, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "ssh-server-in-image",
    page: None,
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings<'_, '_>) {
    for (program, name) in cx.programs(&["sshd", "dropbear"]) {
        findings.file(name, format!("`{program}` lets people log in"));
    }
}
