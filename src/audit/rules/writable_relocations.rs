//! `writable-relocations`: what a loader fills in stays writable.

use super::elf_files;
use crate::audit::{Context, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "writable-relocations",
    page: Some(include_str!("../../../rules/lint/writable-relocations.md")),
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings<'_, '_>) {
    elf_files::report(
        cx,
        findings,
        "what the loader fills in can be written to while it runs",
        |elf, memory| elf.is_dynamic && !memory.has_relro,
    );
}
