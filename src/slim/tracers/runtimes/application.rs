//! The application that a source file belongs to: its own directory, which is kept as a whole.

use std::rc::Rc;

use super::directories::{ancestors, is_directory_of, is_waste, keep_tree};
use super::state::State;
use crate::image::{NameId, Tree};
use crate::slim::keep::Keep;
use crate::slim::modules::node::leftovers;
use crate::slim::system_directories::is_application_path;
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
    let installed = Rc::clone(&keep.installed);
    for directory in directories(keep, source) {
        // A directory of the distribution is never an application, whatever it contains.
        if is_application_path(&tree.path(directory)) && state.applications.insert(directory) {
            let name = String::from_utf8_lossy(tree.file_name(directory)).into_owned();
            keep_tree(
                keep,
                directory,
                source,
                &Why::module(language, name),
                &|tree, name| installed.is_entry(name) || is_left_out(tree, name),
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
        // Above a directory of the distribution there is no application.
        if !is_application_path(&tree.path(at)) {
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
        || leftovers::is_left_out(tree, name)
}
