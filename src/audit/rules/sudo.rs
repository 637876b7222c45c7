//! `sudo`: sudo is in the image.

use crate::audit::{Context, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "sudo",
    page: None,
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings<'_, '_>) {
    for (program, name) in cx.programs(&["sudo", "doas"]) {
        findings.file(
            name,
            format!("`{program}` makes root of users, and in a container there is nobody to ask"),
        );
    }
}
