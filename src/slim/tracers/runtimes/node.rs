//! Node: whole packages, with their dependencies, as found by `require`.

use std::collections::BTreeSet;

use serde_json::Value;

use super::directories::{
    ancestors, is_development, is_directory_of, is_plain_file, keep_tree, path_list,
};
use super::literals;
use super::state::State;
use crate::elf::Files;
use crate::image::{NameId, Tree};
use crate::slim::keep::Keep;
use crate::slim::why::{Language, Why};

pub(super) fn is_node(file_name: &[u8]) -> bool {
    matches!(file_name, b"node" | b"nodejs") || file_name.starts_with(b"libnode.so")
}

/// Distributions build Node with parts of its library in separate files, whose paths are in the
/// program.
pub(super) fn keep(_: &mut State, keep: &mut Keep<'_>, name: NameId) {
    let Some(bytes) = keep.view.read(keep.tree().inode_id(name)) else {
        return;
    };
    for path in literals::paths(&bytes, b"/nodejs/") {
        // A text may be a prefix that the program completes at run time.
        if is_file_at(keep, &path) {
            keep.keep_path(&path, Some(name), Why::runtime(Language::Node));
        }
    }
}

fn is_file_at(keep: &Keep<'_>, path: &[u8]) -> bool {
    keep.tree()
        .resolve(path)
        .is_ok_and(|resolved| keep.is_file(resolved.name))
}

/// The package that contains a file: the nearest parent directory in `node_modules` with a
/// `package.json`.
fn package_of(tree: &Tree, name: NameId) -> Option<NameId> {
    // Subdirectories of a package may have a `package.json` that only sets the module type.
    ancestors(tree, tree.parent(name)).find(|&at| is_package(tree, at))
}

fn is_package(tree: &Tree, directory: NameId) -> bool {
    let parent = tree.parent(directory);
    // A scope is an additional directory: `node_modules/@babel/core`.
    let above = if tree.file_name(parent).starts_with(b"@") {
        tree.parent(parent)
    } else {
        parent
    };
    matches!(tree.file_name(above), b"node_modules" | b"nodejs")
        && tree.child(directory, b"package.json").is_some()
}

/// Keeps the package of a needed file, and its dependencies.
pub(super) fn keep_package_of(state: &mut State, keep: &mut Keep<'_>, name: NameId) {
    let tree = keep.tree();
    let Some(package) = package_of(tree, name) else {
        return;
    };
    // Packages can have circular dependencies.
    if state.packages.contains(&package) {
        return;
    }
    // Files that Node is built with do not count as packages.
    let is_built_in =
        matches!(keep.graph.reasons(name), [first] if matches!(first.why, Why::Runtime { .. }));
    // Other files, such as certificates, are not a reason to keep the package that contains them.
    if is_built_in || !is_run(tree.file_name(name)) {
        return;
    }
    state.packages.insert(package);
    let named = String::from_utf8_lossy(&package_name(tree, package)).into_owned();
    let why = Why::module(Language::Node, named);
    let is_in_application = ancestors(tree, package).any(|at| state.applications.contains(&at));
    // The application is kept as a whole, with its packages.
    if !is_in_application {
        keep_tree(keep, package, name, &why, &is_left_out);
    }
    let Some(manifest) = tree.child(package, b"package.json") else {
        return;
    };
    // The manifest specifies the entry point and the module type; `require` fails without it.
    keep.graph.keep(manifest, Some(name), why);
    let dependencies = dependencies(keep, manifest);
    keep_required(
        keep,
        manifest,
        package,
        dependencies.iter().map(String::as_str),
    );
}

/// Whether Node runs or loads files with this name. Programs often have no extension.
fn is_run(file_name: &[u8]) -> bool {
    const ENDINGS: [&[u8]; 7] = [
        b".js", b".cjs", b".mjs", b".node", b".json", b".ts", b".wasm",
    ];
    !file_name.contains(&b'.') || ENDINGS.iter().any(|ending| file_name.ends_with(ending))
}

/// `express`, `@babel/core`.
fn package_name(tree: &Tree, package: NameId) -> Vec<u8> {
    let parent = tree.parent(package);
    let name = tree.file_name(package);
    if tree.file_name(parent).starts_with(b"@") {
        [tree.file_name(parent), b"/", name].concat()
    } else {
        name.to_vec()
    }
}

fn dependencies(keep: &Keep<'_>, manifest: NameId) -> BTreeSet<String> {
    // `devDependencies` are only needed for development of the package.
    const FIELDS: &[&str] = &["dependencies", "optionalDependencies", "peerDependencies"];
    let bytes = keep.view.bytes(manifest);
    let Some(Ok(manifest)) = bytes.map(|bytes| serde_json::from_slice::<Value>(&bytes)) else {
        return BTreeSet::new();
    };
    let fields = FIELDS
        .iter()
        .filter_map(|field| manifest.get(*field)?.as_object());
    fields.flat_map(|field| field.keys().cloned()).collect()
}

/// Keeps the packages that a source file or a package below `directory` requires: `express`,
/// `@babel/core/lib/x`.
pub(super) fn keep_required<'r>(
    keep: &mut Keep<'_>,
    by: NameId,
    directory: NameId,
    requests: impl IntoIterator<Item = &'r str>,
) {
    let names: BTreeSet<String> = requests.into_iter().filter_map(requested_package).collect();
    if names.is_empty() {
        return;
    }
    let search_path = search_path(keep, directory);
    for name in names {
        let mut candidates = search_path
            .iter()
            .map(|at| [at, &b"/"[..], name.as_bytes()].concat());
        let Some(path) = candidates.find(|path| keep.tree().resolve(path).is_ok()) else {
            continue;
        };
        let why = Why::module(Language::Node, name);
        if let Some(package) = keep.keep_path(&path, Some(by), why.clone())
            && let Some(manifest) = keep.tree().child(package, b"package.json")
        {
            keep.graph.keep(manifest, Some(by), why);
        }
    }
}

/// The name of a package in a request: `@babel/core` of `@babel/core/lib/x`. `None` for a path,
/// which is a file of the same package.
fn requested_package(request: &str) -> Option<String> {
    let mut parts = request.splitn(3, '/');
    let first = parts.next()?;
    if first.is_empty() || first.starts_with('.') {
        return None;
    }
    // `@scope/name` is a name; otherwise the part after the slash is a path in the package.
    match parts.next() {
        Some(second) if first.starts_with('@') => Some(format!("{first}/{second}")),
        _ => Some(first.to_owned()),
    }
}

/// The directories that `require` searches for packages: each `node_modules` upward from the
/// directory, then `NODE_PATH`, and those of Debian.
fn search_path(keep: &Keep<'_>, directory: NameId) -> Vec<Vec<u8>> {
    let tree = keep.tree();
    let mut path = Vec::new();
    // `/node_modules` is searched as well.
    for at in ancestors(tree, directory).chain([NameId::ROOT]) {
        let mut beside = tree.path(at);
        // Node does not append `node_modules` to a path that already ends with it.
        if !beside.ends_with(b"/node_modules") {
            beside.extend(b"/node_modules");
        }
        path.push(beside);
    }
    path.extend(path_list(keep, "NODE_PATH"));
    path.extend(debian_directories(tree));
    path
}

/// Debian's package directories; those with addons are below the architecture's directory.
fn debian_directories(tree: &Tree) -> Vec<Vec<u8>> {
    let mut directories = vec![b"/usr/share/nodejs".to_vec(), b"/usr/lib/nodejs".to_vec()];
    if let Ok(libraries) = tree.resolve(b"/usr/lib") {
        let triplets = tree
            .children(libraries.name)
            .filter_map(|triplet| tree.child(triplet, b"nodejs"));
        directories.extend(triplets.map(|nodejs| tree.path(nodejs)));
    }
    directories
}

/// Whether a file of a package is never loaded: tests, documentation, types, and sources of addons.
pub(super) fn is_left_out(tree: &Tree, name: NameId) -> bool {
    const DIRECTORIES: &[&str] = &[
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
        // Deeper in a package, directories with these names may be modules.
        || (tree.parent(name) == package && is_directory_of(tree, name, DIRECTORIES))
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
        b"Release" => matches!(file_name, b"obj.target" | b".deps"),
        _ => false,
    }
}

/// The modules requested in source code: `require('x')`, `import('x')`, `from 'x'`, `import 'x'`.
pub(super) fn requests(text: &str) -> impl Iterator<Item = &str> {
    const BEFORE: &[&str] = &["require(", "import(", "resolve(", "from", "import"];
    let quotes = text
        .char_indices()
        .filter(|&(_, char)| matches!(char, '\'' | '"' | '`'));
    quotes.filter_map(move |(at, quote)| {
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
    fn requests_are_told_from_other_strings() {
        let text = "const a = require('a/b');\nimport c from \"c\"; import 'd'\n\
                    await import( `e` )\nx = 'f'; require(g)";
        assert_eq!(requests(text).collect::<Vec<_>>(), ["a/b", "c", "d", "e"]);
    }
}
