//! `text-relocation`: a loader writes to the code of a file.

use super::support::elf_files;
use crate::lint::{Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "text-relocation",
    page: include_str!("../../rules/lint/text-relocation.md"),
    dockerfile: None,
    image: Some(check),
};

fn check(cx: &ImageContext<'_>, findings: &mut Findings) {
    elf_files::report(
        cx,
        findings,
        "the loader writes to its code, which is writable meanwhile",
        |_, memory| memory.text_relocations,
    );
}
