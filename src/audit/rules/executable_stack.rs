//! `executable-stack`: a file makes the stack of every process that maps it executable.

use super::elf_files;
use crate::audit::{Context, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "executable-stack",
    page: Some(include_str!("../../../rules/lint/executable-stack.md")),
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings<'_, '_>) {
    elf_files::report(
        cx,
        findings,
        "it makes the stack of its process executable",
        |_, memory| memory.executable_stack,
    );
}
