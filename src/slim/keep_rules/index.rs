//! An index of the rules by their triggers, so that not every rule must be checked.

use std::collections::HashMap;

use super::page::KeepPage;
use super::wildcard;

/// Maps facts to the indexes of rules.
#[derive(Debug)]
pub(super) struct Index {
    pub(super) imports: HashMap<&'static [u8], Vec<usize>>,
    libraries: Patterns,
    paths: Patterns,
    /// Files that rules read.
    follow: Patterns,
    /// Texts that begin with a slash are found together with paths, the others separately.
    pub(super) path_literals: Vec<(&'static str, usize)>,
    pub(super) other_literals: Vec<(&'static str, usize)>,
    /// Rules that use paths in ELF files.
    pub(super) mentions: Vec<usize>,
    /// Rules that look for paths in texts of the application.
    pub(super) text_paths: Vec<usize>,
}

/// Patterns; those without wildcards are in a hash table.
#[derive(Debug, Default)]
struct Patterns {
    plain: HashMap<&'static [u8], Vec<usize>>,
    /// The literal prefix before the first wildcard, the pattern, and its rule.
    wild: Vec<(&'static [u8], &'static [u8], usize)>,
}

impl Patterns {
    fn add(&mut self, patterns: &[&'static str], rule: usize) {
        for pattern in patterns.iter().map(|pattern| pattern.as_bytes()) {
            // Most patterns are plain names, which are found with one lookup instead of a
            // comparison with each.
            match pattern.iter().position(|byte| b"*?[".contains(byte)) {
                None => self.plain.entry(pattern).or_default().push(rule),
                Some(end) => self.wild.push((&pattern[..end], pattern, rule)),
            }
        }
    }

    fn matching(
        &self,
        text: &[u8],
        matches: fn(&[u8], &[u8]) -> bool,
    ) -> impl Iterator<Item = usize> {
        let plain = self
            .plain
            .get(text)
            .map(Vec::as_slice)
            .unwrap_or_default()
            .iter()
            .copied();
        // Most comparisons fail in the literal prefix.
        let wild = self
            .wild
            .iter()
            .filter(move |(start, pattern, _)| text.starts_with(start) && matches(pattern, text));
        plain.chain(wild.map(|&(_, _, rule)| rule))
    }
}

impl Index {
    pub(super) fn of(pages: &[KeepPage]) -> Self {
        let mut index = Self {
            imports: HashMap::new(),
            libraries: Patterns::default(),
            paths: Patterns::default(),
            follow: Patterns::default(),
            path_literals: Vec::new(),
            other_literals: Vec::new(),
            mentions: Vec::new(),
            text_paths: Vec::new(),
        };
        for (rule, page) in pages.iter().enumerate() {
            // Rules for paths check their symbols when a file contains a matching path.
            if !page.wants_mentions() {
                for &symbol in &page.when.imports {
                    let rules = index.imports.entry(symbol.as_bytes()).or_default();
                    rules.push(rule);
                }
            }
            index.libraries.add(&page.when.libraries, rule);
            index.paths.add(&page.when.paths, rule);
            index.follow.add(&page.follow, rule);
            // Texts that start with a slash share the search for paths, because otherwise the
            // automaton would report only one of two overlapping texts.
            let (paths, others): (Vec<_>, Vec<_>) = page
                .when
                .literals
                .iter()
                .map(|&text| (text, rule))
                .partition(|(text, _)| text.starts_with('/'));
            index.path_literals.extend(paths);
            index.other_literals.extend(others);
            if page.wants_mentions() {
                index.mentions.push(rule);
            }
            if page.wants_text_paths() {
                index.text_paths.push(rule);
            }
        }
        index
    }

    /// The rules triggered by a kept name.
    pub(super) fn of_name<'a>(
        &'a self,
        path: &'a [u8],
        file_name: &'a [u8],
    ) -> impl Iterator<Item = usize> + 'a {
        // Libraries are identified only by file name, because their directories differ between
        // distributions.
        let libraries = self.libraries.matching(file_name, wildcard::matches_name);
        libraries.chain(self.paths.matching(path, wildcard::matches))
    }

    /// The rules that read a file.
    pub(super) fn readers<'a>(&'a self, path: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
        self.follow.matching(path, wildcard::matches)
    }
}
