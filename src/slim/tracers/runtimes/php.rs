//! PHP: the directories in its include path.

use super::directories::{is_development, is_directory_of, keep_tree_at};
use super::literals;
use super::state::State;
use crate::elf::Files;
use crate::image::{NameId, Tree};
use crate::slim::keep::Keep;
use crate::slim::why::{Language, Why};

/// Keeps the include path, which is compiled into the program and into the library that web servers
/// load instead of the program.
pub(super) fn keep(_: &mut State, keep: &mut Keep<'_>, name: NameId) {
    let Some(bytes) = keep.view.read(keep.tree().inode_id(name)) else {
        return;
    };
    let why = Why::runtime(Language::Php);
    // The include path is built into the program.
    let mut paths = literals::paths(&bytes, b"/share/php");
    paths.extend(literals::paths(&bytes, b"/lib/php"));
    for path in paths {
        // The version's directory contains example configurations; extensions are enabled in the
        // configuration.
        if path.ends_with(b"/php") && !path.ends_with(b"/lib/php")
            || path.ends_with(b"/local/lib/php")
        {
            keep_tree_at(keep, &path, name, &why, &is_left_out);
        }
    }
}

fn is_left_out(tree: &Tree, name: NameId) -> bool {
    const LEFT_OUT: &[&str] = &[
        "build",
        "doc",
        "docs",
        "extensions",
        "test",
        "tests",
        "Tests",
        "PEAR",
        "Composer",
    ];
    is_development(tree, name) || is_directory_of(tree, name, LEFT_OUT)
}
