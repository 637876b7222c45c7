//! Programs and libraries that are named in source code.

use crate::image::{NameId, Tree};
use crate::slim::keep::Keep;
use crate::slim::language_paths::contains;
use crate::slim::tracers::shell;
use crate::slim::why::Why;

use super::directories::path_list;

/// Build programs that packages mention, although the programs that use the packages build and
/// install nothing.
const BUILDERS: &[&str] = &[
    "apk", "apt", "apt-get", "ar", "as", "c++", "cc", "clang", "cmake", "debconf", "dpkg", "g++",
    "gcc", "gem", "ld", "make", "npm", "npx", "pip", "pip3", "rpm", "yarn", "yum",
];

/// Keeps programs in command position of a string; for packages, except compilers and shells.
pub(super) fn keep_program(
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

fn is_executable(keep: &Keep<'_>, path: &[u8]) -> bool {
    let tree = keep.tree();
    tree.resolve(path)
        .is_ok_and(|resolved| tree.inode(resolved.name).header.mode & 0o111 != 0)
}

/// The words in command position of a string: at its start, and after `|`, `;` and `&&`.
fn command_words(literal: &str) -> impl Iterator<Item = &str> {
    literal
        .split(['|', ';', '&', '\n'])
        .filter_map(|part| part.split_whitespace().next())
        .filter(|word| is_command_name(word))
}

fn is_command_name(word: &str) -> bool {
    word.len() > 1
        && word
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._/+-".contains(&byte))
}

/// Keeps libraries in the usual directories whose file names match.
pub(super) fn keep_library(
    keep: &mut Keep<'_>,
    by: NameId,
    word: &str,
    is_it: impl Fn(&[u8]) -> bool,
) {
    let tree = keep.tree();
    for directory in library_directories(keep) {
        let Ok(resolved) = tree.resolve(&directory) else {
            continue;
        };
        for file in tree
            .children(resolved.name)
            .filter(|&file| is_it(tree.file_name(file)))
        {
            keep.keep_path(&tree.path(file), Some(by), Why::mention(word.to_owned(), 1));
        }
    }
}

/// The directories in which libraries are installed. `dlopen` searches more than these, but the
/// search path is unknown.
fn library_directories(keep: &Keep<'_>) -> Vec<Vec<u8>> {
    let tree = keep.tree();
    let mut directories: Vec<Vec<u8>> =
        ["/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib"]
            .map(|path| path.as_bytes().to_vec())
            .into();
    for parent in [&b"/lib"[..], b"/usr/lib"] {
        // Debian has a directory for each architecture, with Java libraries in `jni` below it.
        let triplets = triplet_directories(tree, parent);
        for triplet in &triplets {
            directories.push([&triplet[..], b"/jni"].concat());
        }
        directories.extend(triplets);
    }
    directories.extend(path_list(keep, "LD_LIBRARY_PATH"));
    directories
}

/// Directories such as `/usr/lib/x86_64-linux-gnu`.
fn triplet_directories(tree: &Tree, parent: &[u8]) -> Vec<Vec<u8>> {
    let Ok(resolved) = tree.resolve(parent) else {
        return Vec::new();
    };
    tree.children(resolved.name)
        .filter(|&child| contains(tree.file_name(child), "-linux-"))
        .map(|child| tree.path(child))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::command_words;

    #[test]
    fn commands_stand_at_the_start_and_behind_operators() {
        let words = |literal| command_words(literal).collect::<Vec<_>>();
        assert_eq!(
            words("gzip -c x | sort; true && /usr/bin/id"),
            ["gzip", "sort", "true", "/usr/bin/id"]
        );
        assert_eq!(words("%s no"), Vec::<&str>::new());
    }
}
