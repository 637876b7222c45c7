//! `executable-stack`: a file makes the stack of every process that maps it executable.

use super::support::elf_files;
use crate::lint::{Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "executable-stack",
    page: include_str!("../../rules/lint/executable-stack.md"),
    dockerfile: None,
    image: Some(check),
};

fn check(cx: &ImageContext<'_>, findings: &mut Findings) {
    elf_files::report(
        cx,
        findings,
        "it makes the stack of its process executable",
        |_, memory| memory.executable_stack,
    );
}
