//! Packages of applications that nothing imports, and that are therefore dropped.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use crate::image::{Image, NameId, Tree};
use crate::packages::{Ecosystem, Package, Packages};
use crate::slim::Plan;

/// A package of which no file is kept.
#[derive(Clone, Copy, Debug)]
pub struct UnusedPackage<'a> {
    pub package: &'a Package,
    pub bytes: u64,
    /// Whether it has a program, which may be what it was installed for.
    pub has_program: bool,
}

/// The packages in directories of which only imports keep packages: those with programs first,
/// each part with the largest first.
pub(super) fn unused_packages<'a>(
    image: &Image,
    packages: &'a Packages,
    plan: &Plan,
) -> Vec<UnusedPackage<'a>> {
    let directories = plan.package_directories();
    if directories.is_empty() {
        return Vec::new();
    }
    let tree = &image.tree;
    let programs = programs(tree, directories);
    let sizes = packages.sizes(tree, |_| true);
    let mut unused = Vec::new();
    for (package, bytes) in packages.list.iter().zip(sizes) {
        let is_dropped = !package.files.iter().any(|&file| plan.is_kept(file));
        if is_dropped && is_left_to_imports(tree, directories, package) {
            let mut files = package.files.iter();
            unused.push(UnusedPackage {
                package,
                bytes,
                has_program: files.any(|&file| programs.contains(&file) || is_program(tree, file)),
            });
        }
    }
    unused.sort_by_key(|it| (!it.has_program, Reverse(it.bytes), &it.package.name));
    unused
}

fn is_left_to_imports(tree: &Tree, directories: &BTreeSet<NameId>, package: &Package) -> bool {
    if !matches!(package.ecosystem, Ecosystem::Npm | Ecosystem::Python) {
        return false;
    }
    let mut at = package.record;
    while at != NameId::ROOT {
        at = tree.parent(at);
        if directories.contains(&at) {
            return true;
        }
    }
    false
}

/// The files of npm packages that their package manager made programs.
fn programs(tree: &Tree, directories: &BTreeSet<NameId>) -> BTreeSet<NameId> {
    let mut programs = BTreeSet::new();
    for &directory in directories {
        let Some(links) = tree.child(directory, b".bin") else {
            continue;
        };
        for link in tree.children(links) {
            if let Ok(resolved) = tree.resolve_from(links, tree.file_name(link)) {
                programs.insert(resolved.name);
            }
        }
    }
    programs
}

/// Whether a file of a distribution is a program: pip writes those beside the interpreter.
fn is_program(tree: &Tree, file: NameId) -> bool {
    let parent = tree.parent(file);
    tree.file_name(parent) == b"bin"
        && tree.file_name(tree.parent(parent)) != b"node_modules"
        && tree.inode(file).header.mode & 0o111 != 0
}
