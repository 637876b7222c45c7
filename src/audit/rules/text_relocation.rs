//! `text-relocation`: a loader writes to the code of a file.

use super::elf_files;
use crate::audit::{Context, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "text-relocation",
    page: Some(include_str!("../../../rules/lint/text-relocation.md")),
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings<'_, '_>) {
    elf_files::report(
        cx,
        findings,
        "the loader writes to its code, which is writable meanwhile",
        |_, memory| memory.text_relocations,
    );
}
