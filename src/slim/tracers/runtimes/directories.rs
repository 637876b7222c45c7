//! Directories of modules and packages, which are kept whole but for what is left out.

use std::collections::HashSet;

use crate::image::{Kind, NameId, Tree};
use crate::slim::keep::Keep;
use crate::slim::why::Why;

/// Whether a name, and all that is below it, is left out.
pub(super) type Skip<'a> = &'a dyn Fn(&Tree, NameId) -> bool;

/// Keeps a directory and what is below it, but for what is left out. Links to other directories are
/// followed.
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
        keep.graph.keep(name, Some(by), why.clone());
        // pnpm and Debian build trees of modules from symlinks to directories elsewhere.
        let at = linked_directory(tree, name).unwrap_or(name);
        // Links may lead around in a circle.
        if at != name && !followed.insert(at) {
            continue;
        }
        if tree.is_directory(at) {
            keep.graph.keep(at, Some(by), why.clone());
            stack.extend(tree.children(at).filter(|&child| !skip(tree, child)));
        }
    }
}

/// The directory that a link leads to, unless the link is in it or it is one that holds a
/// distribution.
fn linked_directory(tree: &Tree, name: NameId) -> Option<NameId> {
    let Kind::Symlink { target } = &tree.inode(name).kind else {
        return None;
    };
    let directory = tree.resolve_from(tree.parent(name), target).ok()?.name;
    // A link to `/usr` or `/etc` would keep the distribution.
    let depth = ancestors(tree, directory).count();
    let is_around = ancestors(tree, name).any(|at| at == directory);
    if tree.is_directory(directory) && depth > 1 && !is_around {
        Some(directory)
    } else {
        None
    }
}

/// Keeps the directory that a path leads to, the way to it, and what is in it.
pub(super) fn keep_tree_at(
    keep: &mut Keep<'_>,
    path: &[u8],
    by: NameId,
    why: &Why,
    skip: Skip<'_>,
) -> Option<NameId> {
    let resolved = keep.tree().resolve(path).ok()?;
    // A variable may name the root, and keeping that whole would undo slimming.
    if resolved.name == NameId::ROOT || !keep.tree().is_directory(resolved.name) {
        return None;
    }
    let directory = keep.keep_path(path, Some(by), why.clone())?;
    keep_tree(keep, directory, by, why, skip);
    Some(directory)
}

/// Whether only a compiler, an editor or a reader of manuals opens a file. Packages of every
/// language have such files.
pub(super) fn is_development(tree: &Tree, name: NameId) -> bool {
    const SUFFIXES: &[&str] = &[
        ".a", ".c", ".cc", ".cpp", ".h", ".hh", ".hpp", ".la", ".o", ".orig", ".rej", ".swp",
    ];
    const NAMES: &[&str] = &[".git", ".github", ".hg", ".svn", ".DS_Store"];
    let file_name = tree.file_name(name);
    // These names are left out for directories and files alike.
    if NAMES.iter().any(|name| name.as_bytes() == file_name) {
        return true;
    }
    is_plain_file(tree, name)
        && SUFFIXES
            .iter()
            .any(|suffix| file_name.ends_with(suffix.as_bytes()))
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

pub(super) fn is_plain_file(tree: &Tree, name: NameId) -> bool {
    matches!(tree.inode(name).kind, Kind::File(_))
}

/// A directory of one of these names.
pub(super) fn is_directory_of(tree: &Tree, name: NameId, names: &[&str]) -> bool {
    tree.is_directory(name)
        && names
            .iter()
            .any(|wanted| wanted.as_bytes() == tree.file_name(name))
}

/// The way up from a directory, itself first, without the root.
pub(super) fn ancestors(tree: &Tree, directory: NameId) -> impl Iterator<Item = NameId> {
    std::iter::successors(Some(directory), |&at| Some(tree.parent(at)))
        .take_while(|&at| at != NameId::ROOT)
}

/// The values of a variable that is a list of paths.
pub(super) fn path_list(keep: &Keep<'_>, variable: &str) -> Vec<Vec<u8>> {
    let value = keep
        .view
        .image
        .config
        .env_value(variable)
        .unwrap_or_default();
    value
        .split(':')
        .filter(|path| !path.is_empty())
        .map(|path| keep.programs.absolute(path.as_bytes()))
        .collect()
}
