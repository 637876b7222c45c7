//! ELF files in an image that lack a protection of the linker.

use std::collections::BTreeMap;

use crate::elf::{self, Elf, Memory, Type};
use crate::image::NameId;
use crate::lint::{Findings, ImageContext};

/// Reports programs and libraries for which `fits` holds. The message is the path followed by
/// `what`, as in "has an executable stack".
///
/// There is one finding per package, with the number of its other files, because they were built
/// with the same flags, which only the package maintainer can change.
pub(in crate::rules) fn report(
    cx: &ImageContext<'_>,
    findings: &mut Findings,
    what: &str,
    fits: impl Fn(&Elf, &Memory) -> bool,
) {
    let mut by_package: BTreeMap<usize, (NameId, usize)> = BTreeMap::new();
    for (name, elf) in cx.elfs() {
        if !is_affected(cx, name, elf, &fits) {
            continue;
        }
        if let Some(&package) = cx.packages.owner_rows(name).first() {
            // A file can have several owners, such as a Debian package and the Python package in
            // it. It is counted only for the first one.
            by_package.entry(package).or_insert((name, 0)).1 += 1;
        } else {
            findings.add(cx.at_file(name), format!("`{}` {what}", cx.path(name)));
        }
    }
    for (package, (first, count)) in by_package {
        let report = findings.add(cx.at_file(first), format!("`{}` {what}", cx.path(first)));
        if count > 1 {
            let package = &cx.packages.list[package].name;
            report.note(format!("{count} files in package `{package}` are affected"));
        }
    }
}

/// Whether a file is loaded into memory at all, and `fits` is true for it.
fn is_affected(
    cx: &ImageContext<'_>,
    name: NameId,
    elf: &Elf,
    fits: impl Fn(&Elf, &Memory) -> bool,
) -> bool {
    // Object files and debug files are never loaded into memory.
    let is_mapped = matches!(elf.kind, Type::Executable | Type::Shared)
        && !cx.tree().path(name).starts_with(b"/usr/lib/debug/");
    let Some(bytes) = cx.read(name) else {
        return false;
    };
    // Go's linker produces neither position-independent programs nor RELRO by default, and Go
    // programs have few tables that matter.
    is_mapped
        && elf::memory(elf, &bytes).is_ok_and(|memory| fits(elf, &memory))
        && elf::go_build(&bytes).is_none()
}
