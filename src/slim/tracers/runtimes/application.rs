//! The application that a source belongs to: a directory of its own, which is kept whole.

use super::{ancestors, is_directory_of, is_plain_file, keep_tree};
use crate::image::{NameId, Tree};
use crate::slim::trace::Trace;
use crate::slim::why::{Language, Why};

/// Files that stand at the top of a project.
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

/// Keeps the application of a kept source, if it is no part of the distribution; and the working
/// directory, from which languages load modules too.
pub(super) fn keep(trace: &mut Trace<'_>, source: NameId, language: Language) {
    let tree = trace.tree();
    let directory = tree.parent(source);
    // `/opt/app/bin/run` is of `/opt/app`; what is in `bin` of a virtual environment is of
    // packages.
    let directory = if is_directory_of(tree, directory, &["bin", "sbin"]) {
        tree.parent(directory)
    } else {
        directory
    };
    let top = top(tree, directory).filter(|&top| tree.child(top, b"pyvenv.cfg").is_none());
    let working_directory = tree
        .resolve(trace.view.image.config.working_dir().as_bytes())
        .ok();
    for directory in [top, working_directory.map(|resolved| resolved.name)]
        .into_iter()
        .flatten()
    {
        if is_own(&tree.path(directory)) && trace.runtimes.applications.insert(directory) {
            let name = String::from_utf8_lossy(tree.file_name(directory)).into_owned();
            keep_tree(
                trace,
                directory,
                source,
                &Why::Module { language, name },
                &is_left_out,
            );
        }
    }
}

/// The highest directory, at most three up, that says it is a project's; or the source's own.
fn top(tree: &Tree, directory: NameId) -> Option<NameId> {
    const MOST: usize = 4;
    let is_project = |&at: &NameId| {
        MARKERS
            .iter()
            .any(|marker| tree.child(at, marker.as_bytes()).is_some())
    };
    let own = ancestors(tree, directory)
        .take(MOST)
        .take_while(|&at| is_own(&tree.path(at)));
    own.filter(is_project).last().or(Some(directory))
}

/// What an application leaves behind or is developed with. A virtual environment comes by its
/// Python.
pub(super) fn is_left_out(tree: &Tree, name: NameId) -> bool {
    is_waste(tree, name)
        || tree.child(name, b"pyvenv.cfg").is_some()
        || super::node::is_left_out(tree, name)
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

/// Whether a directory is an application's own and not one in which distributions put their files.
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
        [] | [b"opt" | b"srv" | b"home"] => false,
        [b"usr", b"src" | b"app" | b"apps", _, ..]
        | [b"usr", b"local", b"src" | b"app" | b"apps", _, ..] => true,
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
