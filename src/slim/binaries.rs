//! Facts about ELF files and scripts, each read only once.
//!
//! Libraries are mapped by many programs, and searched for paths when they are kept. Each use needs
//! other facts about the same bytes, so the first use computes all of them.

use std::collections::HashSet;
use std::sync::OnceLock;

use rayon::prelude::*;

use super::keep_rules::{self, Finder, Finds};
use super::open_names::{self, OpenName};
use super::view::View;
use crate::elf::{Elf, Files as _, Versions, is_elf};
use crate::image::InodeId;

/// A function, the library that glibc opens by name when it is called, and the keep rule that
/// declares this.
pub(super) type Call = (&'static str, &'static str, &'static str);

/// The facts about all requested files.
#[derive(Debug)]
pub(super) struct Binaries {
    /// One row per inode; `None` for files that are neither ELF files nor scripts.
    rows: Vec<OnceLock<Option<Binary>>>,
    finder: Option<Finder>,
}

/// The facts about a file.
#[derive(Debug, Default)]
struct Binary {
    finds: Finds,
    /// Functions that it calls and for which glibc opens a library.
    calls: Vec<Call>,
    /// Libraries that it may open by name.
    open_names: Vec<OpenName>,
    versions: Option<Versions>,
}

impl Binaries {
    pub(super) fn new(view: &View<'_>) -> Self {
        Self {
            finder: Some(Finder::new(view)),
            ..Self::for_loading(view)
        }
    }

    /// Only the facts needed by loaders, without those for keep rules.
    pub(super) fn for_loading(view: &View<'_>) -> Self {
        Self {
            rows: (0..view.tree().inode_count())
                .map(|_| OnceLock::new())
                .collect(),
            finder: None,
        }
    }

    /// Reads files in parallel on all cores.
    pub(super) fn read_all(&self, view: &View<'_>, files: &[InodeId]) {
        files.par_iter().for_each(|&file| {
            self.get(view, file);
        });
    }

    /// The matches of keep rules in a file; `None` for files that are neither ELF files nor
    /// scripts.
    pub(super) fn finds(&self, view: &View<'_>, file: InodeId) -> Option<&Finds> {
        self.get(view, file).map(|binary| &binary.finds)
    }

    pub(super) fn calls(&self, view: &View<'_>, file: InodeId) -> &[Call] {
        self.get(view, file).map_or(&[], |binary| &binary.calls)
    }

    pub(super) fn open_names(&self, view: &View<'_>, file: InodeId) -> &[OpenName] {
        self.get(view, file)
            .map_or(&[], |binary| &binary.open_names)
    }

    pub(super) fn versions(&self, view: &View<'_>, file: InodeId) -> Option<&Versions> {
        self.get(view, file)?.versions.as_ref()
    }

    fn get(&self, view: &View<'_>, file: InodeId) -> Option<&Binary> {
        self.rows[file.index()]
            .get_or_init(|| self.read(view, file))
            .as_ref()
    }

    fn read(&self, view: &View<'_>, file: InodeId) -> Option<Binary> {
        let head = view.head(file, 4);
        // Most files are neither, and are not read.
        if !is_elf(&head) && !head.starts_with(b"#!") {
            return None;
        }
        // An ELF file that cannot be parsed still contains strings, and its paths are needed like
        // those of a valid file.
        let elf = view.elf(file).ok();
        let bytes = view.read(file)?;
        let mut binary = elf.map_or_else(Binary::default, |elf| of_elf(elf, &bytes));
        // Verification and `deps` only load programs: they skip the search for the texts of keep
        // rules, which takes most of the time.
        if let Some(finder) = &self.finder {
            binary.finds = finder.find(view, elf, &bytes);
        }
        Some(binary)
    }
}

fn of_elf(elf: &Elf, bytes: &[u8]) -> Binary {
    let imports: HashSet<&[u8]> = elf.imports(bytes).collect();
    Binary {
        finds: Finds::default(),
        calls: keep_rules::opened_by_libc()
            // The rules name few functions, but a library imports hundreds, so the set of imports
            // is built once and the rules' functions are looked up in it.
            .filter(|(symbol, ..)| imports.contains(symbol.as_bytes()))
            .collect(),
        open_names: open_names::of(elf, bytes, &imports),
        versions: Some(elf.versions(bytes)),
    }
}
