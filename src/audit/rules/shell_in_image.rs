//! `shell-in-image`: a shell is in the image.

use crate::audit::{Context, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "shell-in-image",
    page: None,
    check,
};

const SHELLS: [&str; 10] = [
    "sh", "bash", "dash", "ash", "zsh", "ksh", "mksh", "fish", "csh", "tcsh",
];

fn check(cx: &Context<'_>, findings: &mut Findings<'_, '_>) {
    for (program, name) in cx.programs(&SHELLS) {
        findings.file(name, format!("the shell `{program}` is in the image"));
    }
}
