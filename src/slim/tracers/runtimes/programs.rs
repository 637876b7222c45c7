//! Programs and libraries that are named in source code.

use std::collections::BTreeSet;

use super::calls::command_words;
use crate::image::NameId;
use crate::slim::keep::Keep;
use crate::slim::tracers::shell;
use crate::slim::why::Why;

/// Build programs that packages mention, although the programs that use the packages build and
/// install nothing.
const BUILDERS: &[&str] = &[
    "apk", "apt", "apt-get", "ar", "as", "c++", "cc", "clang", "cmake", "debconf", "dpkg", "g++",
    "gcc", "gem", "ld", "make", "npm", "npx", "pip", "pip3", "rpm", "yarn", "yum",
];

/// Keeps programs in command position of a string; for packages, except compilers and shells.
pub(in crate::slim::tracers) fn keep_program(
    keep: &mut Keep<'_>,
    name: NameId,
    literal: &str,
    line: usize,
    is_own: bool,
) {
    for word in command_words(literal) {
        // Packages build their extensions and call shells in code that applications never run.
        if !is_own && (BUILDERS.contains(&word) || shell::is_shell(word)) {
            continue;
        }
        // A word with a slash may be a data file, but only programs are started.
        if let Some(path) = keep.programs.find(keep.view, word.as_bytes())
            && is_executable(keep, &path)
        {
            keep.keep_path(&path, Some(name), Why::command(word.to_owned(), line));
        }
    }
}

/// Keeps the program on PATH whose name is a string in a source. A package names programs that an
/// application may never have it start.
pub(super) fn keep_named(keep: &mut Keep<'_>, by: NameId, word: &str, line: usize, is_own: bool) {
    if !is_own && (BUILDERS.contains(&word) || shell::is_shell(word)) {
        return;
    }
    let Some(path) = keep.programs.find(keep.view, word.as_bytes()) else {
        return;
    };
    let why = if is_own {
        Why::command(word.to_owned(), line)
    } else {
        Why::Named {
            word: word.to_owned(),
            line,
        }
    };
    keep.keep_path(&path, Some(by), why);
}

/// Keeps the program on PATH whose name is a value in a file of settings, where it may be chance.
pub(super) fn keep_mentioned(keep: &mut Keep<'_>, by: NameId, word: &str, line: usize) {
    if let Some(path) = keep.programs.find(keep.view, word.as_bytes()) {
        keep.keep_path(&path, Some(by), Why::mention(word.to_owned(), line));
    }
}

fn is_executable(keep: &Keep<'_>, path: &[u8]) -> bool {
    let tree = keep.tree();
    tree.resolve(path)
        .is_ok_and(|resolved| tree.inode(resolved.name).header.mode & 0o111 != 0)
}

/// Libraries in the usual directories that have one of these names: whole ones such as
/// `libz.so.1`, and short ones such as `z`.
pub(super) fn keep_libraries(
    keep: &mut Keep<'_>,
    by: NameId,
    names: &[&str],
    short_names: &[&str],
    why: &dyn Fn(&str) -> Why,
) {
    if names.is_empty() && short_names.is_empty() {
        return;
    }
    let tree = keep.tree();
    let others = keep.path_list("LD_LIBRARY_PATH");
    let mut found = Vec::new();
    for &word in names {
        for &file in keep.libraries.find(tree, &others, word) {
            found.push((file, word));
        }
    }
    for &word in short_names {
        for &file in keep.libraries.find_short(tree, &others, word) {
            found.push((file, word));
        }
    }
    for (file, word) in found {
        keep.keep_path(&tree.path(file), Some(by), why(word));
    }
}

/// Libraries that those in an archive need. They are found without the loader: the program that
/// unpacks the archive is not known.
pub(in crate::slim) fn keep_libraries_of_archive(
    keep: &mut Keep<'_>,
    by: NameId,
    libraries: &BTreeSet<Vec<u8>>,
) {
    let mut names = Vec::new();
    for library in libraries {
        names.extend(std::str::from_utf8(library));
    }
    // What a library needs is more than a mention. An archive has no lines.
    keep_libraries(keep, by, &names, &[], &|word| Why::Named {
        word: word.to_owned(),
        line: 1,
    });
}
