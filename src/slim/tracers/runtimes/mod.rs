//! Interpreters: the runtime of a language, and the modules that a program in it can load.
//!
//! Each language has a file. It is shown the program or library that runs the language, and keeps
//! the directories that this one looks for modules in: the standard library without its tests, and
//! packages whole, for what a program loads late or by a computed name cannot be told. What builds
//! or installs packages is left out, unless a kept source loads it.

mod application;
mod java;
mod literals;
mod lua;
mod node;
mod perl;
mod php;
mod python;
mod ruby;
mod source;

use std::collections::{BTreeMap, HashSet};

use crate::image::{Kind, NameId, Tree};
use crate::slim::graph::Graph;
use crate::slim::trace::Trace;
use crate::slim::why::{Language, Why};

/// What is remembered between names.
#[derive(Debug, Default)]
pub(in crate::slim) struct Runtimes {
    python: python::Found,
    perl: perl::Found,
    /// Node packages whose dependencies were followed.
    packages: HashSet<NameId>,
    /// Modules that kept sources load and that are left out otherwise, by their top name; and the
    /// first such source.
    wanted: BTreeMap<(Language, &'static str), NameId>,
    /// Directories of applications that are kept whole.
    applications: HashSet<NameId>,
    /// Programs and libraries that run a language, and its place in [`RUNTIMES`].
    found: Vec<(usize, NameId)>,
    /// How many modules were wanted when their directories were last kept.
    settled: usize,
}

/// What runs a language: whether a program's or library's file name is its, and what it keeps.
struct Runtime {
    is_it: fn(&[u8]) -> bool,
    keep: fn(&mut Trace<'_>, NameId),
}

const RUNTIMES: &[Runtime] = &[
    Runtime {
        is_it: java::is_java,
        keep: java::keep,
    },
    Runtime {
        is_it: lua::is_lua,
        keep: lua::keep,
    },
    Runtime {
        is_it: node::is_node,
        keep: node::keep,
    },
    Runtime {
        is_it: perl::is_perl,
        keep: perl::keep,
    },
    Runtime {
        is_it: php::is_php,
        keep: php::keep,
    },
    Runtime {
        is_it: ruby::is_ruby,
        keep: ruby::keep,
    },
];

pub(super) fn trace(trace: &mut Trace<'_>, name: NameId) {
    let tree = trace.tree();
    let file_name = tree.file_name(name);
    if python::is_python(file_name) && !tree.is_directory(name) {
        trace.runtimes.python.names.insert(name);
    }
    if !trace.is_file(name) {
        return;
    }
    if let Some(place) = RUNTIMES
        .iter()
        .position(|runtime| (runtime.is_it)(file_name))
        && trace.view.elf_of(name).is_ok()
    {
        trace.runtimes.found.push((place, name));
        (RUNTIMES[place].keep)(trace, name);
    }
    node::keep_package_of(trace, name);
    source::trace(trace, name);
}

/// Keeps what can only be told when everything else is through: which Python is started for itself,
/// and which modules its programs ask for. True where that kept something.
pub(in crate::slim) fn settle(trace: &mut Trace<'_>) -> bool {
    let before = trace.graph.kept().len();
    python::settle(trace);
    perl::settle(trace);
    let wanted = trace.runtimes.wanted.len();
    if std::mem::replace(&mut trace.runtimes.settled, wanted) != wanted {
        for (place, name) in trace.runtimes.found.clone() {
            (RUNTIMES[place].keep)(trace, name);
        }
    }
    trace.graph.kept().len() > before
}

/// Whether a kept file is there to be loaded, and not to be started, though it may be marked as a
/// program.
pub(in crate::slim) fn is_module(tree: &Tree, graph: &Graph, name: NameId) -> bool {
    let is_loaded = |why: &Why| matches!(why, Why::Runtime { .. } | Why::Module { .. });
    is_library(tree, name)
        && graph
            .reasons(name)
            .iter()
            .all(|reason| is_loaded(&reason.why))
}

/// Whether a file is where languages have their libraries and packages.
pub(in crate::slim) fn is_library(tree: &Tree, name: NameId) -> bool {
    let path = tree.path(name);
    source::is_standard(&path) || source::is_packaged(&path)
}

/// Names of a walk, in which a directory comes before what is in it, without what applications and
/// packages leave behind or are developed with: history, caches, tests of packages, what installs
/// packages. A tracer keeps of the last what a source asks for.
pub(in crate::slim) fn without_leftovers(
    tree: &Tree,
    walk: impl Iterator<Item = NameId>,
) -> Vec<NameId> {
    let mut left_out = HashSet::new();
    let mut is_needed = |&name: &NameId| {
        let is_left_out = left_out.contains(&tree.parent(name))
            || application::is_waste(tree, name)
            || node::is_left_out(tree, name)
            || python::is_left_out_of_site(tree, name);
        if is_left_out {
            left_out.insert(name);
        }
        !is_left_out
    };
    walk.filter(&mut is_needed).collect()
}

/// Remembers that a source loads a module that is left out otherwise.
fn want(trace: &mut Trace<'_>, language: Language, module: &'static str, source: NameId) {
    trace
        .runtimes
        .wanted
        .entry((language, module))
        .or_insert(source);
}

/// Whether a name, and all that is below it, is left out.
type Skip<'a> = &'a dyn Fn(&Tree, NameId) -> bool;

/// Keeps a directory and what is below it, but for what is left out. Links to other directories are
/// followed.
fn keep_tree(trace: &mut Trace<'_>, directory: NameId, by: NameId, why: &Why, skip: Skip<'_>) {
    let tree = trace.tree();
    let mut stack = vec![directory];
    let mut followed = HashSet::new();
    while let Some(name) = stack.pop() {
        trace.graph.keep(name, Some(by), why.clone());
        let at = linked_directory(tree, name).unwrap_or(name);
        if at != name && !followed.insert(at) {
            continue;
        }
        if tree.is_directory(at) {
            trace.graph.keep(at, Some(by), why.clone());
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
    let depth = ancestors(tree, directory).count();
    let is_around = ancestors(tree, name).any(|at| at == directory);
    (tree.is_directory(directory) && depth > 1 && !is_around).then_some(directory)
}

/// Keeps the directory that a path leads to, the way to it, and what is in it.
fn keep_tree_at(
    trace: &mut Trace<'_>,
    path: &[u8],
    by: NameId,
    why: &Why,
    skip: Skip<'_>,
) -> Option<NameId> {
    let resolved = trace.tree().resolve(path).ok()?;
    if resolved.name == NameId::ROOT || !trace.tree().is_directory(resolved.name) {
        return None;
    }
    let directory = trace.keep_path(path, Some(by), why.clone())?;
    keep_tree(trace, directory, by, why, skip);
    Some(directory)
}

/// What only a compiler, an editor or a reader of manuals opens: it is in the packages of every
/// language.
fn is_development(tree: &Tree, name: NameId) -> bool {
    const SUFFIXES: &[&str] = &[
        ".a", ".c", ".cc", ".cpp", ".h", ".hh", ".hpp", ".la", ".o", ".orig", ".rej", ".swp",
    ];
    const NAMES: &[&str] = &[".git", ".github", ".hg", ".svn", ".DS_Store"];
    let file_name = tree.file_name(name);
    if NAMES.iter().any(|name| name.as_bytes() == file_name) {
        return true;
    }
    is_plain_file(tree, name)
        && SUFFIXES
            .iter()
            .any(|suffix| file_name.ends_with(suffix.as_bytes()))
}

fn is_plain_file(tree: &Tree, name: NameId) -> bool {
    matches!(tree.inode(name).kind, Kind::File(_))
}

/// A directory of one of these names.
fn is_directory_of(tree: &Tree, name: NameId, names: &[&str]) -> bool {
    tree.is_directory(name)
        && names
            .iter()
            .any(|wanted| wanted.as_bytes() == tree.file_name(name))
}

/// The way up from a directory, itself first, without the root.
fn ancestors(tree: &Tree, directory: NameId) -> impl Iterator<Item = NameId> {
    std::iter::successors(Some(directory), |&at| Some(tree.parent(at)))
        .take_while(|&at| at != NameId::ROOT)
}

/// The values of a variable that is a list of paths.
fn path_list(trace: &Trace<'_>, variable: &str) -> Vec<Vec<u8>> {
    let value = trace
        .view
        .image
        .config
        .env_value(variable)
        .unwrap_or_default();
    value
        .split(':')
        .filter(|path| !path.is_empty())
        .map(|path| trace.programs.absolute(path.as_bytes()))
        .collect()
}
