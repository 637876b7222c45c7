//! `file-capability`: a program has capabilities of its own.

use crate::audit::{Context, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "file-capability",
    page: Some(include_str!("../../../rules/lint/file-capability.md")),
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings<'_, '_>) {
    for &name in &cx.files.capabilities {
        findings.file(
            name,
            "whoever starts it gets capabilities that the file grants",
        );
    }
}
