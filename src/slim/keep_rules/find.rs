//! Searches ELF files and scripts for everything that triggers rules: symbols, texts, paths and
//! commands.

use std::collections::{BTreeMap, HashSet};

use super::commands;
use super::mentions::{self, Searcher, Spots};
use super::page::Mentioned;
use super::registry::keep_rules;
use crate::elf::{Elf, is_elf};
use crate::slim::program_search::Programs;
use crate::slim::view::View;

/// Finds everything that rules need in one pass over a file.
#[derive(Debug)]
pub(in crate::slim) struct Finder {
    searcher: Option<Searcher>,
    programs: Programs,
}

/// The result for one file, which is the same under all its names.
#[derive(Debug, Default)]
pub(in crate::slim) struct Finds {
    /// Imported symbols that make rules fire, in the order of the symbol table.
    pub(super) symbols: Vec<&'static str>,
    /// Imported functions that rules for paths require: those that start programs.
    pub(super) starters: HashSet<&'static str>,
    /// Texts of rules that were found, with their rules.
    pub(super) literals: Vec<(&'static str, usize)>,
    /// Paths that exist in the image.
    pub(super) mentioned: BTreeMap<Vec<u8>, Mentioned>,
    /// Paths of programs on PATH whose names are in command position in a string.
    pub(super) shell_commands: Vec<Vec<u8>>,
    /// The same for strings next to the shell option `-c`.
    pub(super) shell_code_commands: Vec<Vec<u8>>,
    /// Paths of programs on PATH whose names are whole strings.
    pub(super) commands: Vec<Vec<u8>>,
}

impl Finder {
    pub(in crate::slim) fn new(view: &View<'_>) -> Self {
        let literals = &keep_rules().index.other_literals;
        let texts: Vec<&str> = literals.iter().map(|(text, _)| *text).collect();
        Self {
            searcher: Searcher::new(view.tree(), &texts),
            programs: Programs::of(&view.image.config),
        }
    }

    /// Searches the bytes of an ELF file or a script. `elf` is `None` for a script, and for an ELF
    /// file that cannot be parsed, whose strings still count.
    pub(in crate::slim) fn find(&self, view: &View<'_>, elf: Option<&Elf>, bytes: &[u8]) -> Finds {
        let mut finds = Finds::default();
        if let Some(elf) = elf {
            find_symbols(elf, bytes, &mut finds);
        }
        // There is no searcher if its automaton exceeds the limits of the library; symbols do not
        // need one.
        let Some(searcher) = &self.searcher else {
            return finds;
        };
        let spots = searcher.find(bytes);
        // Texts in scripts count too, because a rule may be about the name of a module.
        find_literals(bytes, &spots, &mut finds);
        // Paths in a script are handled by the tracer of its language.
        if is_elf(bytes) {
            finds.mentioned = mentions::mentions(view.tree(), bytes, &spots.paths);
        }
        if let Some(elf) = elf
            // A file that starts no programs contains program names only by coincidence.
            && !finds.starters.is_empty()
        {
            self.find_commands(view, elf, bytes, &mut finds);
        }
        finds
    }

    /// Finds the programs on PATH that are named in strings.
    fn find_commands(&self, view: &View<'_>, elf: &Elf, bytes: &[u8], finds: &mut Finds) {
        let is_program = |name: &[u8]| self.programs.has_name(view.tree(), name);
        let mut found = commands::commands(bytes, is_program);
        // Function names are among the strings too: many files contain `link`.
        for function in elf.imports(bytes) {
            found.names.remove(function);
        }
        found.names.extend(commands::referred_names(bytes, elf));
        for name in found.in_texts {
            finds.shell_commands.extend(self.programs.find(view, name));
        }
        for name in commands::in_shell_code(bytes, elf) {
            let paths = self.programs.find(view, name);
            finds.shell_code_commands.extend(paths);
        }
        for name in found.names {
            finds.commands.extend(self.programs.find(view, name));
        }
    }
}

fn find_symbols(elf: &Elf, bytes: &[u8], finds: &mut Finds) {
    let rules = keep_rules();
    for symbol in elf.imports(bytes) {
        if let Some((&symbol, _)) = rules.index.imports.get_key_value(symbol) {
            finds.symbols.extend(str::from_utf8(symbol));
        }
        for &rule in &rules.index.mentions {
            let wanted = &rules.pages[rule].when.imports;
            finds
                .starters
                .extend(wanted.iter().filter(|wanted| wanted.as_bytes() == symbol));
        }
    }
    // Go makes system calls directly and imports nothing.
    if commands::starts_programs_in_go(bytes) {
        // This represents all functions that start programs; the rules about started programs list
        // it.
        finds.starters.insert("execvp");
    }
}

fn find_literals(bytes: &[u8], spots: &Spots, finds: &mut Finds) {
    let index = &keep_rules().index;
    for &text in &spots.texts {
        finds.literals.push(index.other_literals[text]);
    }
    for &at in &spots.paths {
        for &(text, rule) in &index.path_literals {
            if bytes[at..].starts_with(text.as_bytes()) {
                finds.literals.push((text, rule));
            }
        }
    }
}
