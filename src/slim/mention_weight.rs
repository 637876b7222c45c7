//! The weight of a mention: whether a name in a text is reason enough to keep the file that it
//! refers to.
//!
//! Distribution texts name many programs that are never started. A mention in one of them does not
//! keep programs of the base image, or anything that requires a runtime of tens of megabytes.
//! Mentions never keep a shell, a package manager, an interpreter or a setuid program.

use std::collections::{HashMap, HashSet};

use super::build_history::BuildHistory;
use super::graph::{Graph, Reason};
use super::program_kind::{is_of_class, is_privileged, is_program};
use super::program_search::Programs;
use super::shebang;
use super::view::View;
use super::why::Why;
use crate::image::{Kind, NameId, Tree};
use crate::knowledge::{ProgramClass, is_runtime_library};
use crate::packages::Packages;

/// Libraries of one file that are looked at.
const MAX_LIBRARIES: usize = 256;

/// Weighs mentions in one image.
pub(super) struct MentionWeight<'a> {
    view: &'a View<'a>,
    build: &'a BuildHistory,
    packages: &'a Packages,
    programs: Programs,
    /// Files by name, for the libraries of a mentioned file; built on first use.
    libraries: Option<HashMap<&'a [u8], NameId>>,
}

impl<'a> MentionWeight<'a> {
    pub(super) fn new(view: &'a View<'a>, build: &'a BuildHistory, packages: &'a Packages) -> Self {
        Self {
            view,
            build,
            packages,
            programs: Programs::of(&view.image.config),
            libraries: None,
        }
    }

    fn tree(&self) -> &'a Tree {
        self.view.tree()
    }

    /// Whether a mention is enough to keep a name.
    pub(super) fn is_enough(&mut self, graph: &Graph, name: NameId, reason: &Reason) -> bool {
        // An additional reason for a name that is kept anyway makes no difference.
        if graph.is_kept(name) {
            return true;
        }
        let tree = self.tree();
        let Ok(end) = tree.resolve(&tree.path(name)) else {
            return true;
        };
        let end = end.name;
        if !matches!(tree.inode(end).kind, Kind::File(_)) {
            return true;
        }
        // The user's own texts name files that the user wants, and their commands are run.
        let is_users = reason.by.is_some_and(|by| self.is_users(graph, by));
        let is_command = matches!(reason.why, Why::Command { .. });
        if self.is_never_mentioned(name, end) {
            return is_users && is_command;
        }
        if is_users {
            return true;
        }
        let is_of_base = self.build.is_of_base(tree.inode(end).layer);
        if is_of_base && is_program(tree, end) {
            return false;
        }
        let is_packaged = is_of_base || self.is_of_distribution(end);
        !is_packaged || !self.brings_runtime(graph, end)
    }

    /// Whether no mention keeps a file. The link may have the name that the file lacks: `sh` is a
    /// link to `dash`.
    fn is_never_mentioned(&self, name: NameId, end: NameId) -> bool {
        const CLASSES: [ProgramClass; 3] = [
            ProgramClass::Shell,
            ProgramClass::PackageManager,
            ProgramClass::Interpreter,
        ];
        let tree = self.tree();
        let names = [name, end].map(|name| tree.file_name(name));
        let is_class = CLASSES
            .iter()
            .any(|&class| names.iter().any(|name| is_of_class(class, name)));
        is_privileged(tree, end) || is_program(tree, end) && is_class
    }

    /// Whether a name is the user's own and does not belong to a package of the distribution.
    fn is_users(&self, graph: &Graph, name: NameId) -> bool {
        graph.is_users(name) && !self.is_of_distribution(name)
    }

    fn is_of_distribution(&self, name: NameId) -> bool {
        let mut owners = self.packages.owners(name);
        owners.any(|package| package.ecosystem.is_distribution())
    }

    /// Whether a file needs an interpreter or a large library that is not kept for a better reason.
    fn brings_runtime(&mut self, graph: &Graph, file: NameId) -> bool {
        match self.interpreter(file) {
            Some(interpreter) => !graph.is_kept(interpreter),
            None => self.needs_runtime_library(graph, file),
        }
    }

    /// The interpreter of a script that is executed through its first line.
    fn interpreter(&self, file: NameId) -> Option<NameId> {
        let tree = self.tree();
        if tree.inode(file).header.mode & 0o111 == 0 {
            return None;
        }
        let head = shebang::head(self.view, file);
        let shebang = shebang::parse(&head)?;
        let program = shebang.env_program();
        let word = program.as_deref().unwrap_or(shebang.interpreter);
        self.programs.find_file(self.view, word)
    }

    /// Whether a library that a file needs, itself or through others, is one of the large ones.
    /// Libraries are found by their name alone, which is enough for a guess.
    fn needs_runtime_library(&mut self, graph: &Graph, file: NameId) -> bool {
        let (tree, view) = (self.tree(), self.view);
        let mut seen: HashSet<NameId> = HashSet::from([file]);
        let mut stack = vec![file];
        while let Some(file) = stack.pop() {
            let Ok(elf) = view.elf_of(file) else {
                continue;
            };
            for soname in &elf.needed {
                let Some(&library) = self.libraries().get(soname.as_slice()) else {
                    continue;
                };
                // What is kept has its libraries already.
                let end = tree
                    .resolve(&tree.path(library))
                    .map_or(library, |end| end.name);
                if graph.is_kept(end) || seen.len() >= MAX_LIBRARIES || !seen.insert(end) {
                    continue;
                }
                if is_runtime_library(soname) {
                    return true;
                }
                stack.push(end);
            }
        }
        false
    }

    fn libraries(&mut self) -> &HashMap<&'a [u8], NameId> {
        let tree = self.tree();
        self.libraries.get_or_insert_with(|| {
            let mut libraries = HashMap::new();
            for name in tree.walk() {
                let file_name = tree.file_name(name);
                if memchr::memmem::find(file_name, b".so").is_some() {
                    libraries.entry(file_name).or_insert(name);
                }
            }
            libraries
        })
    }
}
