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

/// Whether a file contains code of Node; programs often have no ending.
pub(super) fn is_source(tree: &Tree, name: NameId) -> bool {
    const ENDINGS: [&[u8]; 8] = [
        b".js", b".cjs", b".mjs", b".ts", b".cts", b".mts", b".jsx", b".tsx",
    ];
    let file_name = tree.file_name(name);
    let is_program = !file_name.contains(&b'.') && tree.inode(name).header.mode & 0o111 != 0;
    is_plain_file(tree, name)
        && !file_name.ends_with(b".d.ts")
        && (is_program || ENDINGS.iter().any(|ending| file_name.ends_with(ending)))
}

/// Whether a file of a package is not loaded: its tests, its manual, its types, the sources of its
/// addon.
pub(in crate::slim) fn is_left_out(tree: &Tree, name: NameId) -> bool {
    judge(tree, name, || package_of(tree, name)) == Judgment::LeftOut
}

/// The same for a file whose package is known.
pub(in crate::slim) fn is_left_out_of(tree: &Tree, name: NameId, package: Option<NameId>) -> bool {
    judge(tree, name, || package) == Judgment::LeftOut
}

/// Whether a file, or a directory above it, is not loaded.
pub(in crate::slim) fn is_below_left_out(tree: &Tree, name: NameId) -> bool {
    for at in ancestors(tree, name) {
        match judge(tree, at, || package_of(tree, at)) {
            Judgment::LeftOut => return true,
            // Nothing above is in a package either.
            Judgment::NoPackage => return false,
            Judgment::Loaded => {}
        }
    }
    false
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Judgment {
    LeftOut,
    /// The name would be left out, but is in no package.
    NoPackage,
    Loaded,
}

/// The name is looked at first: the search for the package visits all directories above.
fn judge(tree: &Tree, name: NameId, package: impl FnOnce() -> Option<NameId>) -> Judgment {
    const SUFFIXES: &[&[u8]] = &[
        b".d.ts",
        b".d.mts",
        b".d.cts",
        b".map",
        b".md",
        b".markdown",
    ];
    // Deeper in a package directories of these names may be modules.
    if is_directory_of(tree, name, LEFT_OUT_DIRECTORIES) && is_package(tree, tree.parent(name)) {
        return Judgment::LeftOut;
    }
    let file_name = tree.file_name(name);
    let is_never_loaded = is_development(tree, name) || is_of_another_system(tree, name);
    let is_document = SUFFIXES.iter().any(|suffix| file_name.ends_with(suffix));
    let is_unread = is_document && is_plain_file(tree, name);
    if !(is_never_loaded || is_unread) {
        return Judgment::Loaded;
    }
    match package() {
        None => Judgment::NoPackage,
        // The TypeScript compiler needs its types.
        Some(package) if !is_never_loaded && tree.file_name(package) == b"typescript" => {
            Judgment::Loaded
        }
        Some(_) => Judgment::LeftOut,
    }
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
    package_at(tree, tree.parent(name))
}

/// The package that a directory is, or that contains it.
pub(in crate::slim) fn package_at(tree: &Tree, directory: NameId) -> Option<NameId> {
    ancestors(tree, directory).find(|&at| is_package(tree, at))
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
        b"nodejs" => is_debian_directory(tree, above),
        _ => false,
    }
}

/// Whether a directory `nodejs` is one of [`debian_directories`], without a look at all of them.
fn is_debian_directory(tree: &Tree, nodejs: NameId) -> bool {
    let parent = tree.parent(nodejs);
    let above = tree.parent(parent);
    let is_below_usr = tree.file_name(above) == b"usr" && tree.parent(above) == NameId::ROOT;
    if is_below_usr && matches!(tree.file_name(parent), b"share" | b"lib") {
        return true;
    }
    let libraries = tree.resolve(b"/usr/lib");
    libraries.is_ok_and(|libraries| libraries.name == above)
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
    const BEFORE: &[&str] = &[
        "require(",
        "import(",
        "resolve(",
        "getBuiltinModule(",
        "from",
        "import",
    ];
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
