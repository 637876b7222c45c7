//! The application that a source file belongs to: its own directory, which is kept as a whole.

use super::directories::{ancestors, is_directory_of, is_plain_file, keep_tree};
use super::node;
use super::state::State;
use crate::image::{NameId, Tree};
use crate::slim::keep::Keep;
use crate::slim::why::{Language, Why};

/// Files in the root directory of a project.
const MARKERS: &[&str] = &[
    "Gemfile",
    "Pipfile",
    "composer.json",
    "config.ru",
    "cpanfile",
    "manage.py",
    "package.json",
    "pyproject.toml",
    "requirements.txt",
    "setup.py",
];

/// Keeps the application of a kept source file, if it is not part of the distribution, and the
/// working directory, from which languages also load modules.
pub(super) fn keep(state: &mut State, keep: &mut Keep<'_>, source: NameId, language: Language) {
    let tree = keep.tree();
    for directory in directories(keep, source) {
        // A directory of the distribution is never an application, regardless of its contents.
        if is_own(&tree.path(directory)) && state.applications.insert(directory) {
            let name = String::from_utf8_lossy(tree.file_name(directory)).into_owned();
            keep_tree(
                keep,
                directory,
                source,
                &Why::module(language, name),
                &is_left_out,
            );
        }
    }
}

/// The directory of the application that a source file belongs to, and the working directory.
fn directories(keep: &Keep<'_>, source: NameId) -> Vec<NameId> {
    let tree = keep.tree();
    let mut directories = Vec::new();
    let mut directory = tree.parent(source);
    // `/opt/app/bin/run` belongs to `/opt/app`; files in `bin` of a virtual environment belong to
    // packages.
    if is_directory_of(tree, directory, &["bin", "sbin"]) {
        directory = tree.parent(directory);
    }
    let top = top(tree, directory);
    // A virtual environment has its own tracer, which skips package installers.
    if tree.child(top, b"pyvenv.cfg").is_none() {
        directories.push(top);
    }
    let working_directory = keep.view.image.config.working_dir();
    if let Ok(resolved) = tree.resolve(working_directory.as_bytes()) {
        directories.push(resolved.name);
    }
    directories
}

/// The topmost directory, at most three levels up, that is marked as a project; or the directory of
/// the source file.
fn top(tree: &Tree, directory: NameId) -> NameId {
    const MOST: usize = 4;
    let mut top = directory;
    // A marker far above belongs to something else, such as a monorepo that was only copied in
    // part.
    for at in ancestors(tree, directory).take(MOST) {
        // There is no application above a directory of the distribution.
        if !is_own(&tree.path(at)) {
            break;
        }
        if is_project(tree, at) {
            top = at;
        }
    }
    top
}

fn is_project(tree: &Tree, directory: NameId) -> bool {
    MARKERS
        .iter()
        .any(|marker| tree.child(directory, marker.as_bytes()).is_some())
}

/// Whether a name is a leftover or a development file of an application. A virtual environment is
/// kept with its Python.
pub(super) fn is_left_out(tree: &Tree, name: NameId) -> bool {
    is_waste(tree, name)
        || tree.child(name, b"pyvenv.cfg").is_some()
        || node::is_left_out(tree, name)
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

/// Whether a directory belongs to an application and not to the distribution.
fn is_own(path: &[u8]) -> bool {
    const TOP: &[&[u8]] = &[
        b"bin", b"boot", b"dev", b"etc", b"lib", b"lib32", b"lib64", b"libx32", b"media", b"mnt",
        b"proc", b"run", b"sbin", b"sys", b"tmp", b"usr", b"var",
    ];
    const LOCAL: &[&[u8]] = &[
        b"bin", b"etc", b"games", b"include", b"lib", b"lib64", b"libexec", b"man", b"sbin",
        b"share", b"src",
    ];
    const VARIABLE: &[&[u8]] = &[b"app", b"apps", b"task", b"www"];
    let components: Vec<&[u8]> = path
        .split(|&byte| byte == b'/')
        .filter(|component| !component.is_empty())
        .collect();
    match components.as_slice() {
        // These contain applications, one per subdirectory.
        [] | [b"opt" | b"srv" | b"home"] => false,
        // The official language images use `/usr/src/app` as their working directory.
        [b"usr", b"src" | b"app" | b"apps", _, ..]
        | [b"usr", b"local", b"src" | b"app" | b"apps", _, ..] => true,
        // Software that was built from source often has its own directory in `/usr/local`.
        [b"usr", b"local", directory, ..] => !LOCAL.contains(directory),
        [b"var", directory, ..] => VARIABLE.contains(directory),
        [top, ..] => !TOP.contains(top),
    }
}

#[cfg(test)]
mod tests {
    use super::is_own;

    #[test]
    fn an_application_has_a_directory_of_its_own() {
        for path in [
            "/app",
            "/app/src",
            "/opt/x",
            "/srv/x",
            "/usr/src/app",
            "/var/www/html",
            "/home/u",
            "/usr/local/x",
        ] {
            assert!(is_own(path.as_bytes()), "{path}");
        }
        for path in [
            "/",
            "/opt",
            "/usr/bin",
            "/usr/local/bin",
            "/usr/lib/python3",
            "/var/lib/x",
            "/etc",
            "/usr/src",
        ] {
            assert!(!is_own(path.as_bytes()), "{path}");
        }
    }
}
