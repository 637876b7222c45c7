//! Files of packages: which package a file belongs to, and which files a package has.

use std::collections::BTreeSet;

use super::leftovers;
use crate::image::{Kind, NameId, Tree};
use crate::slim::keep::Keep;

/// The package of a file: the entry of the nearest `node_modules` above it.
pub(super) fn package_of(tree: &Tree, name: NameId) -> Option<NameId> {
    let mut at = name;
    while at != NameId::ROOT {
        let parent = tree.parent(at);
        let is_scope = tree.file_name(at).starts_with(b"@");
        if tree.file_name(parent) == b"node_modules" && !is_scope {
            return if at == name { None } else { Some(at) };
        }
        let above = tree.parent(parent);
        if tree.file_name(above) == b"node_modules" && tree.file_name(parent).starts_with(b"@") {
            return if at == name { None } else { Some(at) };
        }
        at = parent;
    }
    None
}

/// Whether a file belongs to a package of any kind.
pub(super) fn is_in_package(tree: &Tree, name: NameId) -> bool {
    package_of(tree, name).is_some() || leftovers::package_of(tree, name).is_some()
}

/// `express`, `@babel/core`.
pub(super) fn display_name(tree: &Tree, package: NameId) -> String {
    let name = String::from_utf8_lossy(tree.file_name(package));
    let above = tree.file_name(tree.parent(package));
    if above.starts_with(b"@") {
        format!("{}/{name}", String::from_utf8_lossy(above))
    } else {
        name.into_owned()
    }
}

/// The files of a package or a directory in it that programs of the image use, without the
/// packages in it. Each name that is looked at counts, also of those that are left out.
pub(super) fn files_of(keep: &mut Keep<'_>, directory: NameId) -> Vec<NameId> {
    let tree = keep.tree();
    let platform = &keep.installed.platform;
    let mut files = Vec::new();
    let mut stack = vec![(directory, leftovers::package_at(tree, directory))];
    while let Some((at, package)) = stack.pop() {
        for name in tree.children(at) {
            if !keep.graph.look_at(1) {
                return files;
            }
            let is_directory = tree.is_directory(name);
            if is_directory && tree.file_name(name) == b"node_modules"
                || leftovers::is_left_out_of(tree, name, package)
                || platform.is_foreign(keep.view, name)
            {
                continue;
            }
            if is_directory {
                let is_package = leftovers::is_package(tree, name);
                stack.push((name, if is_package { Some(name) } else { package }));
            } else {
                files.push(name);
            }
        }
    }
    files.sort_unstable();
    files
}

pub(super) fn is_inside(tree: &Tree, name: NameId, directory: NameId) -> bool {
    name == directory || tree.is_below(name, directory)
}

pub(super) fn length(tree: &Tree, name: NameId) -> usize {
    match &tree.inode(name).kind {
        Kind::File(content) => usize::try_from(content.length()).unwrap_or(usize::MAX),
        _ => 0,
    }
}

/// Adds the names of the packages in a directory.
pub(super) fn add_names(tree: &Tree, modules: NameId, names: &mut BTreeSet<String>) {
    for entry in tree.children(modules) {
        let name = String::from_utf8_lossy(tree.file_name(entry)).into_owned();
        if name.starts_with('@') {
            for scoped in tree.children(entry) {
                let scoped = String::from_utf8_lossy(tree.file_name(scoped));
                names.insert(format!("{name}/{scoped}"));
            }
        } else {
            names.insert(name);
        }
    }
}
