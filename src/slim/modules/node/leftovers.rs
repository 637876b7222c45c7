//! Packages of Node: which files of a package programs do not load, and the requests in the text of
//! a source.

use crate::image::{NameId, Tree};
use crate::slim::package_files::{ancestors, is_development, is_directory_of, is_plain_file};

/// Directories of packages that are only loaded if a source or a manifest names them.
pub(in crate::slim) const LEFT_OUT_DIRECTORIES: &[&str] = &[
    "__tests__",
    "benchmark",
    "coverage",
    "doc",
    "docs",
    "example",
    "examples",
    "man",
    "test",
    "tests",
];

/// Whether a file of a package is not loaded: its tests, its manual, its types, the sources of its
/// addon.
pub(in crate::slim) fn is_left_out(tree: &Tree, name: NameId) -> bool {
    const SUFFIXES: &[&[u8]] = &[
        b".d.ts",
        b".d.mts",
        b".d.cts",
        b".map",
        b".md",
        b".markdown",
    ];
    let Some(package) = package_of(tree, name) else {
        return false;
    };
    let is_file = is_plain_file(tree, name);
    let file_name = tree.file_name(name);
    // The TypeScript compiler needs its types.
    let is_compiler = tree.file_name(package) == b"typescript";
    is_development(tree, name)
        || is_of_another_system(tree, name)
        || (is_file && !is_compiler && SUFFIXES.iter().any(|suffix| file_name.ends_with(suffix)))
        // Deeper in a package directories of these names may be modules.
        || (tree.parent(name) == package && is_directory_of(tree, name, LEFT_OUT_DIRECTORIES))
}

/// `prebuilds/darwin-arm64`, and compiler leftovers in `build/Release`.
fn is_of_another_system(tree: &Tree, name: NameId) -> bool {
    const SYSTEMS: &[&[u8]] = &[
        b"android-",
        b"darwin-",
        b"freebsd-",
        b"ios-",
        b"openbsd-",
        b"sunos-",
        b"win32-",
    ];
    let file_name = tree.file_name(name);
    match tree.file_name(tree.parent(name)) {
        b"prebuilds" => SYSTEMS.iter().any(|system| file_name.starts_with(system)),
        b"Release" => matches!(file_name, b"obj" | b"obj.target" | b".deps"),
        _ => false,
    }
}

/// The package that contains a file: the nearest parent directory in `node_modules` with a
/// `package.json`.
pub(in crate::slim) fn package_of(tree: &Tree, name: NameId) -> Option<NameId> {
    // Subdirectories of a package may have a `package.json` that only sets the module type.
    ancestors(tree, tree.parent(name)).find(|&at| is_package(tree, at))
}

pub(in crate::slim) fn is_package(tree: &Tree, directory: NameId) -> bool {
    tree.child(directory, b"package.json").is_some() && is_among_packages(tree, directory)
}

/// Whether a directory is one in which npm or Debian installs a package.
fn is_among_packages(tree: &Tree, directory: NameId) -> bool {
    let parent = tree.parent(directory);
    // A scope is an additional directory: `node_modules/@babel/core`.
    let above = if tree.file_name(parent).starts_with(b"@") {
        tree.parent(parent)
    } else {
        parent
    };
    match tree.file_name(above) {
        b"node_modules" => true,
        // An application may have a directory of this name as well.
        b"nodejs" => debian_directories(tree).contains(&tree.path(above)),
        _ => false,
    }
}

/// Debian's package directories; those with addons are below the architecture's directory.
pub(in crate::slim) fn debian_directories(tree: &Tree) -> Vec<Vec<u8>> {
    let mut directories = vec![b"/usr/share/nodejs".to_vec(), b"/usr/lib/nodejs".to_vec()];
    if let Ok(libraries) = tree.resolve(b"/usr/lib") {
        let triplets = tree
            .children(libraries.name)
            .filter_map(|triplet| tree.child(triplet, b"nodejs"));
        directories.extend(triplets.map(|nodejs| tree.path(nodejs)));
    }
    directories
}

/// The modules requested in source code: `require('x')`, `import('x')`, `from 'x'`, `import 'x'`.
pub(in crate::slim) fn requests(text: &str) -> impl Iterator<Item = &str> {
    const BEFORE: &[&str] = &["require(", "import(", "resolve(", "from", "import"];
    let quotes = memchr::memchr3_iter(b'\'', b'"', b'`', text.as_bytes());
    quotes.filter_map(move |at| {
        let quote = char::from(text.as_bytes()[at]);
        let before = text[..at].trim_end();
        if !BEFORE.iter().any(|word| before.ends_with(word)) {
            return None;
        }
        // A template literal with a `$` is computed at run time.
        let rest = &text[at + 1..];
        let end = rest.find([quote, '\n', '$'])?;
        Some(&rest[..end]).filter(|request| !request.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::requests;

    #[test]
    fn required_and_imported_modules_are_told_from_other_strings() {
        let text = "const a = require('a/b');\nimport c from \"c\"; import 'd'\n\
                    await import( `e` )\nx = 'f'; require(g)";
        assert_eq!(requests(text).collect::<Vec<_>>(), ["a/b", "c", "d", "e"]);
    }
}
