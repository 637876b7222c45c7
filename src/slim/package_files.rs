//! Kinds of files in packages of all languages.

use crate::image::{Kind, NameId, Tree};

/// Whether a file is only used by compilers, editors or readers of documentation. Packages of all
/// languages have such files.
pub(super) fn is_development(tree: &Tree, name: NameId) -> bool {
    const SUFFIXES: &[&str] = &[
        ".a", ".c", ".cc", ".cpp", ".h", ".hh", ".hpp", ".la", ".o", ".orig", ".rej", ".swp",
    ];
    const NAMES: &[&str] = &[".git", ".github", ".hg", ".svn", ".DS_Store"];
    let file_name = tree.file_name(name);
    // These names are skipped for both directories and files.
    if NAMES.iter().any(|name| name.as_bytes() == file_name) {
        return true;
    }
    is_plain_file(tree, name)
        && SUFFIXES
            .iter()
            .any(|suffix| file_name.ends_with(suffix.as_bytes()))
}

pub(super) fn is_plain_file(tree: &Tree, name: NameId) -> bool {
    matches!(tree.inode(name).kind, Kind::File(_))
}

/// Whether it is a directory with one of these names.
pub(super) fn is_directory_of(tree: &Tree, name: NameId, names: &[&str]) -> bool {
    tree.is_directory(name)
        && names
            .iter()
            .any(|wanted| wanted.as_bytes() == tree.file_name(name))
}

/// A directory and its parents, without the root.
pub(super) fn ancestors(tree: &Tree, directory: NameId) -> impl Iterator<Item = NameId> {
    std::iter::successors(Some(directory), |&at| Some(tree.parent(at)))
        .take_while(|&at| at != NameId::ROOT)
}
