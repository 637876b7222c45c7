//! `writable-relocations`: a program or library is linked without RELRO.

use super::support::elf_files;
use crate::lint::{Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "writable-relocations",
    page: include_str!("../../rules/lint/writable-relocations.md"),
    dockerfile: None,
    image: Some(check),
    deployment: None,
};

fn check(cx: &ImageContext<'_>, findings: &mut Findings) {
    elf_files::report(
        cx,
        findings,
        "is linked without RELRO: its relocation tables remain writable",
        // A static program has no tables that the loader fills.
        |elf, memory| elf.is_dynamic && !memory.has_relro,
    );
}
