//! Companion programs, which are installed together with the program that the image starts and are
//! run by people in addition to it: `pg_dump` with `postgres`, `rndc` with `named`, `ffprobe` with
//! `ffmpeg`.

use std::collections::{BTreeSet, HashSet};

use super::keep::Keep;
use super::program_kind::{is_program, is_setuid};
use crate::image::{NameId, Tree};
use crate::knowledge::ProgramClass;
use crate::packages::{Ecosystem, Package, Packages};

/// The companions of the programs that the configuration names, in the tree's order.
pub(super) fn find(keep: &Keep<'_>, packages: &Packages) -> Vec<NameId> {
    let tree = keep.tree();
    let mut companions = BTreeSet::new();
    let mut sources: HashSet<&str> = HashSet::new();
    for program in started(keep) {
        let mut is_packaged = false;
        for package in packages.owners(program) {
            is_packaged = true;
            if package.ecosystem.is_distribution() && !is_everyday(package) {
                // Servers and their clients are often packages of one source.
                sources.insert(package.source_name());
            }
        }
        if !is_packaged && keep.build.is_of_base(tree.inode(program).layer) {
            companions.extend(made_together(tree, packages, program));
        }
    }
    for package in &packages.list {
        if package.ecosystem.is_distribution() && sources.contains(package.source_name()) {
            companions.extend(package.files.iter().copied());
        }
    }
    companions.retain(|&name| is_companion(keep, name));
    tree.walk()
        .filter(|name| companions.contains(name))
        .collect()
}

/// The programs that ENTRYPOINT and CMD start, themselves or through a wrapper.
fn started(keep: &Keep<'_>) -> Vec<NameId> {
    let config = &keep.view.image.config;
    let mut started = Vec::new();
    for word in config.entrypoint().into_iter().chain(config.cmd()) {
        let Some(program) = keep.programs.find_file(keep.view, word.as_bytes()) else {
            continue;
        };
        // Shells and interpreters come with tools for people who write programs, not for people who
        // run them.
        let names = [keep.tree().file_name(program), word.as_bytes()];
        let mut classes = [ProgramClass::Shell, ProgramClass::Interpreter].into_iter();
        if !classes.any(|class| names.iter().any(|name| class.contains(name))) {
            started.push(program);
        }
    }
    started
}

/// Whether a package is one of the small programs that every system has.
fn is_everyday(package: &Package) -> bool {
    const NAMES: [&str; 12] = [
        "bash",
        "busybox",
        "coreutils",
        "dash",
        "diffutils",
        "findutils",
        "grep",
        "gosu",
        "procps",
        "sed",
        "tini",
        "util-linux",
    ];
    NAMES.contains(&package.source_name())
}

/// Programs of no package that are in the directory of another and came with the same layer: they
/// were built together.
fn made_together(tree: &Tree, packages: &Packages, program: NameId) -> Vec<NameId> {
    let layer = tree.inode(program).layer;
    let mut together = Vec::new();
    for name in tree.children(tree.parent(program)) {
        let mut owners = packages.owners(name);
        let is_packaged = owners.any(|package| package.ecosystem != Ecosystem::Software);
        if tree.inode(name).layer == layer && !is_packaged {
            together.push(name);
        }
    }
    together
}

/// Whether a file is a program that a user may want besides the server and that is not a risk by
/// itself.
fn is_companion(keep: &Keep<'_>, name: NameId) -> bool {
    let tree = keep.tree();
    let Ok(resolved) = tree.resolve(&tree.path(name)) else {
        return false;
    };
    let directory = tree.file_name(tree.parent(name));
    // Helpers in `libexec` are not started by people.
    keep.is_file(resolved.name)
        && is_program(tree, resolved.name)
        && matches!(directory, b"bin" | b"sbin")
        && !is_setuid(tree, resolved.name)
        && !ProgramClass::Shell.contains(tree.file_name(name))
}
