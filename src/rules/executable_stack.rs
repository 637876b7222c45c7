//! `executable-stack`: a program or library requires an executable stack.

use super::support::elf_files;
use crate::lint::{Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "executable-stack",
    page: include_str!("../../rules/lint/executable-stack.md"),
    dockerfile: None,
    image: Some(check),
    deployment: None,
};

fn check(cx: &ImageContext<'_>, findings: &mut Findings) {
    // One object file without a `.note.GNU-stack` section is enough for the linker to request one.
    elf_files::report(cx, findings, "requires an executable stack", |_, memory| {
        memory.executable_stack
    });
}
