//! `writable-relocations`: what a loader fills in stays writable.

use super::support::elf_files;
use crate::lint::{Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "writable-relocations",
    page: include_str!("../../rules/lint/writable-relocations.md"),
    dockerfile: None,
    image: Some(check),
};

fn check(cx: &ImageContext<'_>, findings: &mut Findings) {
    elf_files::report(
        cx,
        findings,
        "what the loader fills in can be written to while it runs",
        |elf, memory| elf.is_dynamic && !memory.has_relro,
    );
}
