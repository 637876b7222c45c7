//! `text-relocation`: a program or library has relocations in its code.

use super::support::elf_files;
use crate::lint::{Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "text-relocation",
    page: include_str!("../../rules/lint/text-relocation.md"),
    dockerfile: None,
    image: Some(check),
    deployment: None,
};

fn check(cx: &ImageContext<'_>, findings: &mut Findings) {
    elf_files::report(
        cx,
        findings,
        "has text relocations: its code is writable while it is loaded",
        |_, memory| memory.text_relocations,
    );
}
