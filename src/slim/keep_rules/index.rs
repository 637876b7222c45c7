//! An index of the rules by the facts that make them fire, so that not every rule is asked.

use std::collections::HashMap;

use super::page::KeepPage;
use super::wildcard;

/// Facts to the places of rules in their list.
#[derive(Debug)]
pub(super) struct Index {
    pub(super) imports: HashMap<&'static [u8], Vec<usize>>,
    libraries: Patterns,
    paths: Patterns,
    /// Files that a rule reads.
    follow: Patterns,
    /// Texts that begin with a slash are looked for where paths are; the others by themselves.
    pub(super) path_literals: Vec<(&'static str, usize)>,
    pub(super) other_literals: Vec<(&'static str, usize)>,
    /// Rules that want to know of paths in ELF files.
    pub(super) mentions: Vec<usize>,
    /// Rules that want to know of paths in texts of the application.
    pub(super) text_paths: Vec<usize>,
}

/// Wildcards, those that are none found at once.
#[derive(Debug, Default)]
struct Patterns {
    plain: HashMap<&'static [u8], Vec<usize>>,
    /// The literal text before the first wildcard, the pattern, and its rule.
    wild: Vec<(&'static [u8], &'static [u8], usize)>,
}

impl Patterns {
    fn add(&mut self, patterns: &[&'static str], rule: usize) {
        for pattern in patterns.iter().map(|pattern| pattern.as_bytes()) {
            // Most patterns are plain names, and those are found by one look-up instead of a
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
        // Most patterns differ from the text before their first wildcard.
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
            // Rules for paths ask for their symbols when a file has a path for them.
            if !page.wants_mentions() {
                for &symbol in &page.when.imports {
                    let rules = index.imports.entry(symbol.as_bytes()).or_default();
                    rules.push(rule);
                }
            }
            index.libraries.add(&page.when.libraries, rule);
            index.paths.add(&page.when.paths, rule);
            index.follow.add(&page.follow, rule);
            // Texts with a slash share the search for paths, whose automaton would otherwise report
            // only one of two texts that overlap.
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

    /// The rules that a kept name makes fire.
    pub(super) fn of_name<'a>(
        &'a self,
        path: &'a [u8],
        file_name: &'a [u8],
    ) -> impl Iterator<Item = usize> + 'a {
        // Libraries are named by their file name alone, since distributions have them in different
        // directories.
        let libraries = self.libraries.matching(file_name, wildcard::matches_name);
        libraries.chain(self.paths.matching(path, wildcard::matches))
    }

    /// The rules that read a file.
    pub(super) fn readers<'a>(&'a self, path: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
        self.follow.matching(path, wildcard::matches)
    }
}
