//! Directories of modules and packages, which are kept as a whole, with exceptions.

use std::collections::HashSet;

use crate::image::{Kind, NameId, Tree};
use crate::slim::keep::Keep;
use crate::slim::why::Why;

pub(super) use crate::slim::package_files::{
    ancestors, is_development, is_directory_of, is_plain_file,
};

/// Whether a name and everything below it is skipped.
pub(super) type Skip<'a> = &'a dyn Fn(&Tree, NameId) -> bool;

/// Keeps a directory and everything below it, except skipped names. Symlinks to other directories
/// are followed.
pub(super) fn keep_tree(
    keep: &mut Keep<'_>,
    directory: NameId,
    by: NameId,
    why: &Why,
    skip: Skip<'_>,
) {
    let tree = keep.tree();
    let mut stack = vec![directory];
    let mut followed = HashSet::new();
    while let Some(name) = stack.pop() {
        // Many names may lead to one tree, and each walks it.
        if keep.graph.is_exhausted() {
            return;
        }
        keep.graph.keep(name, Some(by), why.clone());
        // pnpm and Debian build module trees from symlinks to directories elsewhere.
        let at = linked_directory(tree, name).unwrap_or(name);
        // Symlinks may form a cycle.
        if at != name && !followed.insert(at) {
            continue;
        }
        if tree.is_directory(at) {
            keep.graph.keep(at, Some(by), why.clone());
            stack.extend(tree.children(at).filter(|&child| !skip(tree, child)));
        }
    }
}

/// A directory's entries of all kinds, without skipped ones and those below them. Symlinks to other
/// directories are followed.
pub(super) fn files_below(tree: &Tree, directory: NameId, skip: Skip<'_>) -> Vec<NameId> {
    let mut files = Vec::new();
    let mut stack = vec![directory];
    let mut followed = HashSet::new();
    while let Some(name) = stack.pop() {
        let at = linked_directory(tree, name).unwrap_or(name);
        if at != name && !followed.insert(at) {
            continue;
        }
        if !tree.is_directory(name) {
            files.push(name);
        }
        if tree.is_directory(at) {
            stack.extend(tree.children(at).filter(|&child| !skip(tree, child)));
        }
    }
    files
}

/// The target directory of a symlink, unless it contains the symlink or belongs to the
/// distribution.
fn linked_directory(tree: &Tree, name: NameId) -> Option<NameId> {
    let Kind::Symlink { target } = &tree.inode(name).kind else {
        return None;
    };
    let directory = tree.resolve_from(tree.parent(name), target).ok()?.name;
    // A symlink to `/usr` or `/etc` would keep the distribution.
    let depth = ancestors(tree, directory).count();
    let is_around = ancestors(tree, name).any(|at| at == directory);
    if tree.is_directory(directory) && depth > 1 && !is_around {
        Some(directory)
    } else {
        None
    }
}

/// Keeps the directory at a path, its parents, and its contents.
pub(super) fn keep_tree_at(
    keep: &mut Keep<'_>,
    path: &[u8],
    by: NameId,
    why: &Why,
    skip: Skip<'_>,
) -> Option<NameId> {
    let resolved = keep.tree().resolve(path).ok()?;
    // A variable may refer to the root, and keeping all of it would defeat the purpose.
    if resolved.name == NameId::ROOT || !keep.tree().is_directory(resolved.name) {
        return None;
    }
    let directory = keep.keep_path(path, Some(by), why.clone())?;
    keep_tree(keep, directory, by, why, skip);
    Some(directory)
}

/// History and caches.
pub(super) fn is_waste(tree: &Tree, name: NameId) -> bool {
    const DIRECTORIES: &[&str] = &[
        ".git",
        ".github",
        ".hg",
        ".svn",
        ".cache",
        ".npm",
        ".tox",
        ".mypy_cache",
        ".pytest_cache",
        ".ruff_cache",
    ];
    is_directory_of(tree, name, DIRECTORIES)
        || (is_directory_of(tree, name, &["__pycache__"]) && has_sources(tree, tree.parent(name)))
}

fn has_sources(tree: &Tree, directory: NameId) -> bool {
    tree.children(directory)
        .any(|name| is_plain_file(tree, name) && tree.file_name(name).ends_with(b".py"))
}
