//! `fixed-address`: a program is always mapped at the same address.

use super::elf_files;
use crate::audit::{Context, Findings, Rule};
use crate::elf::Type;

pub(super) const RULE: Rule = Rule {
    name: "fixed-address",
    page: Some(include_str!("../../../rules/lint/fixed-address.md")),
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings<'_, '_>) {
    elf_files::report(
        cx,
        findings,
        "the program is at the same address in every run",
        |elf, _| elf.kind == Type::Executable,
    );
}
