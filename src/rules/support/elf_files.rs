//! What the rules share that look at how programs and libraries were linked.

use std::collections::BTreeMap;

use crate::elf::{self, Elf, Memory, Type};
use crate::image::NameId;
use crate::lint::{Findings, ImageContext};

/// Reports the files of which `is_so` holds: of a package the first one, with how many more it has.
///
/// Files for debuggers are left out, for nobody maps them.
pub(in crate::rules) fn report(
    cx: &ImageContext<'_>,
    findings: &mut Findings,
    message: &str,
    is_so: impl Fn(&Elf, &Memory) -> bool,
) {
    let mut of_packages: BTreeMap<usize, (NameId, usize)> = BTreeMap::new();
    for name in files(cx, is_so) {
        match cx.packages.owner_rows(name).first() {
            Some(&package) => of_packages.entry(package).or_insert((name, 0)).1 += 1,
            None => drop(findings.add(cx.at_file(name), message)),
        }
    }
    for (package, (first, count)) in of_packages {
        let report = findings.add(cx.at_file(first), message);
        if count > 1 {
            report.note(format!(
                "so are {} more of the package `{}`",
                count - 1,
                cx.packages.list[package].name
            ));
        }
    }
}

fn files(cx: &ImageContext<'_>, is_so: impl Fn(&Elf, &Memory) -> bool) -> Vec<NameId> {
    let mapped = cx
        .elfs()
        .filter(|(_, elf)| matches!(elf.kind, Type::Executable | Type::Shared));
    let found = mapped.filter(|&(name, elf)| {
        let Some(bytes) = cx.read(name) else {
            return false;
        };
        let says = elf::memory(elf, &bytes).is_ok_and(|memory| is_so(elf, &memory));
        // Go's own linker neither moves programs nor protects tables, and its programs have few
        // that count.
        says && !cx.tree().path(name).starts_with(b"/usr/lib/debug/")
            && elf::go_build(&bytes).is_none()
    });
    found.map(|(name, _)| name).collect()
}
