//! `fixed-address`: a program is not position-independent.

use super::support::elf_files;
use crate::elf::Type;
use crate::lint::{Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "fixed-address",
    page: include_str!("../../rules/lint/fixed-address.md"),
    dockerfile: None,
    image: Some(check),
    deployment: None,
};

fn check(cx: &ImageContext<'_>, findings: &mut Findings) {
    elf_files::report(
        cx,
        findings,
        "is loaded at a fixed address (not position-independent)",
        // Position-independent executables have the type of a shared library.
        |elf, _| elf.kind == Type::Executable,
    );
}
