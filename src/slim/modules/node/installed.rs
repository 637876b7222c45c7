//! Installed packages of applications: directories called `node_modules`, and which of them are
//! left to the module graph.

use std::collections::{BTreeSet, HashSet};

use super::platform::Platform;
use crate::image::{NameId, Tree};
use crate::knowledge::{Language, language_of_runtime, language_of_source};
use crate::slim::package_files::is_plain_file;
use crate::slim::view::View;

/// Files of projects whose language is not Node's, and which may use packages in ways of their own,
/// such as the asset pipeline of Rails.
const OTHER_PROJECTS: &[&str] = &[
    "Gemfile",
    "composer.json",
    "config.ru",
    "deno.json",
    "deno.jsonc",
    "go.mod",
    "manage.py",
    "pom.xml",
    "pyproject.toml",
    "requirements.txt",
    "setup.py",
];

/// Lists of what is installed, which package managers read when they install more.
const RECORDS: &[&[u8]] = &[
    b".modules.yaml",
    b".package-lock.json",
    b".pnpm-workspace-state-v1.json",
    b".pnpm-workspace-state.json",
    b".yarn-integrity",
];

/// Programs that resolve packages in ways of their own.
const OTHER_RUNTIMES: &[&[u8]] = &[b"bun", b"deno"];

/// The packages of an image that only imports keep.
#[derive(Debug, Default)]
pub(in crate::slim) struct Installed {
    /// Entries of the topmost `node_modules` of each application. Reasons that keep directories as
    /// a whole do not include these.
    entries: HashSet<NameId>,
    /// These directories.
    directories: BTreeSet<NameId>,
    /// They and everything above them.
    above: HashSet<NameId>,
    /// The platform of Node.
    pub(super) platform: Platform,
    /// Tables in which Yarn's Plug'n'Play finds packages, which may be in archives.
    pub(in crate::slim) tables: Vec<NameId>,
}

impl Installed {
    /// Finds the packages of an image with a Node.
    pub(in crate::slim) fn find(view: &View<'_>) -> Self {
        let tree = view.tree();
        let mut installed = Self::default();
        let mut directories = Vec::new();
        let mut sources = HashSet::new();
        let mut has_node = false;
        let mut below: HashSet<NameId> = HashSet::new();
        for name in tree.walk() {
            let file_name = tree.file_name(name);
            let parent = tree.parent(name);
            if below.contains(&parent) {
                if tree.is_directory(name) {
                    below.insert(name);
                }
            } else if tree.is_directory(name) {
                if file_name == b"node_modules" {
                    below.insert(name);
                    directories.push(name);
                }
            } else if language_of_source(file_name) == Some(Language::Node) {
                if matches!(file_name, b".pnp.cjs" | b".pnp.js") {
                    installed.tables.push(name);
                }
                sources.insert(parent);
            } else if language_of_runtime(file_name) == Some(Language::Node) {
                if let Ok(node) = view.elf_of(name) {
                    installed.platform.add(view, node);
                    has_node = true;
                }
            } else if OTHER_RUNTIMES.contains(&file_name) && view.elf_of(name).is_ok() {
                return Self::default();
            }
        }
        if has_node {
            let projects = with_ancestors(tree, sources);
            for directory in directories {
                let project = tree.parent(directory);
                if projects.contains(&project) && !is_of_other_project(tree, project) {
                    installed.add(tree, directory);
                }
            }
        }
        let directories = installed.directories.iter().copied().collect();
        installed.above = with_ancestors(tree, directories);
        installed
    }

    fn add(&mut self, tree: &Tree, directory: NameId) {
        self.directories.insert(directory);
        for entry in tree.children(directory) {
            if !is_plain_file(tree, entry) || RECORDS.contains(&tree.file_name(entry)) {
                self.entries.insert(entry);
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.directories.is_empty()
    }

    /// Whether a name is an entry that is not kept with its directory.
    pub(in crate::slim) fn is_entry(&self, name: NameId) -> bool {
        self.entries.contains(&name)
    }

    /// Whether a name is such an entry, or below one.
    pub(in crate::slim) fn contains(&self, tree: &Tree, name: NameId) -> bool {
        let mut at = name;
        while at != NameId::ROOT {
            if self.entries.contains(&at) {
                return true;
            }
            at = tree.parent(at);
        }
        false
    }

    /// Whether a name is a directory of such packages.
    pub(super) fn is_directory(&self, name: NameId) -> bool {
        self.directories.contains(&name)
    }

    /// Whether a directory is one of these, or has one below it.
    pub(super) fn has_below(&self, directory: NameId) -> bool {
        self.above.contains(&directory)
    }

    pub(in crate::slim) fn directories(&self) -> impl Iterator<Item = NameId> {
        self.directories.iter().copied()
    }
}

/// Directories and everything above them.
fn with_ancestors(tree: &Tree, directories: HashSet<NameId>) -> HashSet<NameId> {
    let mut all = HashSet::new();
    for directory in directories {
        let mut at = directory;
        while all.insert(at) && at != NameId::ROOT {
            at = tree.parent(at);
        }
    }
    all
}

fn is_of_other_project(tree: &Tree, project: NameId) -> bool {
    let mut markers = OTHER_PROJECTS.iter();
    // Yarn's Plug'n'Play finds packages through a table, also those that it unpacks.
    tree.path(project).windows(7).any(|part| part == b"/.yarn/")
        || markers.any(|marker| tree.child(project, marker.as_bytes()).is_some())
}
