//! Comments in YAML and HCL that suppress findings, with the grammar of those in Dockerfiles.
//!
//! A comment above an entry applies to the entry and everything that is indented below it; a
//! comment at the end of a line applies to the entry on that line. `global ignore=` applies to the
//! file.

use std::collections::{BTreeMap, BTreeSet};

use crate::lint::finding::Finding;
use crate::lint::pragma::{self, Dialect, Request, Requested, Scope};
use crate::lint::registry::Registry;
use crate::lint::settings::Settings;
use crate::source::Source;

/// The lines of a file on which findings are suppressed.
#[derive(Debug, Default)]
pub(super) struct Suppressions {
    /// Ranges of lines by rule, in their order and without overlaps.
    ranges: BTreeMap<&'static str, Vec<Lines>>,
}

/// The first and the last line of a range.
type Lines = (usize, usize);

impl Suppressions {
    pub(super) fn read(source: &Source, registry: &Registry, settings: &Settings) -> Self {
        let mut ranges: BTreeMap<&'static str, Vec<Lines>> = BTreeMap::new();
        let today = settings.now.map(|now| now.to_string());
        // Most files have no comment for which the entries must be known.
        let mut entries = None;
        for line in 1..=source.line_count() {
            let text = source.slice(source.line_span(line));
            let Some((before, comment)) = comment(text) else {
                continue;
            };
            for request in pragma::requests(comment) {
                let has_ended = match (request.until, today.as_deref()) {
                    (Some(until), Some(today)) => until < today.get(..10).unwrap_or(today),
                    _ => false,
                };
                if has_ended {
                    continue;
                }
                let lines = match request.scope {
                    Scope::File => (1, usize::MAX),
                    Scope::Stage | Scope::Next | Scope::Block => {
                        let is_own_line = before.trim().is_empty();
                        let entries = entries.get_or_insert_with(|| Entries::of(source));
                        entries.lines(if is_own_line { line + 1 } else { line })
                    }
                };
                for rule in rules(&request, registry) {
                    ranges.entry(rule).or_default().push(lines);
                }
            }
        }
        for ranges in ranges.values_mut() {
            *ranges = merged(std::mem::take(ranges));
        }
        Self { ranges }
    }

    pub(super) fn apply(&self, source: &Source, findings: &mut Vec<Finding>) {
        if self.ranges.is_empty() {
            return;
        }
        findings.retain(|finding| {
            let (Some(span), Some(ranges)) = (finding.span(), self.ranges.get(finding.rule)) else {
                return true;
            };
            !contains(ranges, source.line(span.start))
        });
    }
}

/// Ranges in their order, with those that overlap or meet joined.
fn merged(mut ranges: Vec<Lines>) -> Vec<Lines> {
    ranges.sort_unstable();
    let mut merged: Vec<Lines> = Vec::new();
    for (first, last) in ranges {
        match merged.last_mut() {
            Some((_, end)) if first <= end.saturating_add(1) => *end = last.max(*end),
            _ => merged.push((first, last)),
        }
    }
    merged
}

/// Whether one of the ranges, which are in order and do not overlap, contains a line.
fn contains(ranges: &[Lines], line: usize) -> bool {
    let after = ranges.partition_point(|&(first, _)| first <= line);
    match after.checked_sub(1) {
        Some(at) => line <= ranges[at].1,
        None => false,
    }
}

/// The text before a comment of a line, and the comment without its `#`.
fn comment(line: &str) -> Option<(&str, &str)> {
    // A quoted `#` is hardly ever followed by one of these words.
    for (at, _) in line.match_indices('#') {
        let (before, rest) = line.split_at(at);
        let is_start = before.is_empty() || before.ends_with([' ', '\t']);
        let words = ["jettison ", "checkov:skip=", "kics-scan ", "trivy:ignore:"];
        let text = rest[1..].trim_start();
        if is_start && words.iter().any(|word| text.starts_with(word)) {
            return Some((before, text));
        }
    }
    None
}

/// The rules that a comment names, each by the names that its tool knows.
fn rules(request: &Request<'_>, registry: &Registry) -> BTreeSet<&'static str> {
    let mut rules = BTreeSet::new();
    match (&request.requested, request.dialect) {
        (Requested::Names(names), Dialect::Jettison) => {
            for name in names {
                rules.extend(registry.find(name).iter().map(|page| page.name));
            }
        }
        (Requested::Names(names), Dialect::Of(tool)) => {
            for name in names {
                rules.extend(registry.find_code(tool, name).iter().map(|page| page.name));
            }
        }
        (Requested::Everything, Dialect::Of(tool)) => {
            for (rule, page) in registry.iter() {
                if page.aliases.iter().any(|alias| alias.tool == tool) {
                    rules.insert(rule.name);
                }
            }
        }
        (Requested::Everything, Dialect::Jettison) => {}
    }
    rules
}

/// The entries of a file: each line that is neither empty nor a comment starts one, which ends
/// before the next such line that is not indented more.
struct Entries {
    /// The first and the last line of each, in the order of the first ones.
    lines: Vec<Lines>,
}

impl Entries {
    fn of(source: &Source) -> Self {
        let mut lines = Vec::new();
        let mut indents = Vec::new();
        for line in 1..=source.line_count() {
            let text = source.slice(source.line_span(line));
            let code = text.trim_start();
            if !code.is_empty() && !code.starts_with('#') {
                lines.push((line, line));
                indents.push(text.len() - code.len());
            }
        }
        // From the bottom: the entries below that are not part of an entry yet, the nearest last.
        let mut below: Vec<usize> = Vec::new();
        for at in (0..lines.len()).rev() {
            while below
                .last()
                .is_some_and(|&next| indents[next] > indents[at])
            {
                below.pop();
            }
            let next = below.last().copied().unwrap_or(lines.len());
            lines[at].1 = lines[next - 1].0;
            below.push(at);
        }
        Self { lines }
    }

    /// The lines of the entry that starts at a line, or at the next one that starts an entry.
    fn lines(&self, from: usize) -> Lines {
        let at = self.lines.partition_point(|&(first, _)| first < from);
        self.lines.get(at).copied().unwrap_or((from, from))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(text: &str) -> Entries {
        Entries::of(&Source::new("compose.yaml", text))
    }

    #[test]
    fn an_entry_ends_before_the_next_one_that_is_not_indented_more() {
        let text = "a:\n  b:\n    c: 1\n\n    # x\n    d: 2\n  e: 3\n# y\nf:\n  g: 4\n\n# z\n";
        let entries = entries(text);
        for (from, expected) in [
            (1, (1, 7)),
            (2, (2, 6)),
            (3, (3, 3)),
            (4, (6, 6)),
            (5, (6, 6)),
            (6, (6, 6)),
            (7, (7, 7)),
            (8, (9, 10)),
            (9, (9, 10)),
            (10, (10, 10)),
            (11, (11, 11)),
            (12, (12, 12)),
        ] {
            assert_eq!(entries.lines(from), expected, "line {from}");
        }
    }

    #[test]
    fn entries_of_deep_and_of_falling_indentation_are_found() {
        let deep: String = (0..2000)
            .map(|indent| " ".repeat(indent) + "a:\n")
            .collect();
        let deep = entries(&deep);
        assert_eq!(deep.lines(1), (1, 2000));
        assert_eq!(deep.lines(1999), (1999, 2000));
        let falling: String = (0..2000)
            .rev()
            .map(|indent| " ".repeat(indent) + "a:\n")
            .collect();
        let falling = entries(&falling);
        assert_eq!(falling.lines(1), (1, 1));
        assert_eq!(falling.lines(2000), (2000, 2000));
        assert_eq!(falling.lines(2001), (2001, 2001));
    }

    #[test]
    fn ranges_are_joined_and_searched() {
        let ranges = merged(vec![
            (9, 9),
            (3, 5),
            (4, 4),
            (6, 7),
            (1, 1),
            (12, usize::MAX),
        ]);
        assert_eq!(ranges, [(1, 1), (3, 7), (9, 9), (12, usize::MAX)]);
        let lines: Vec<usize> = (0..15).filter(|&line| contains(&ranges, line)).collect();
        assert_eq!(lines, [1, 3, 4, 5, 6, 7, 9, 12, 13, 14]);
        assert!(!contains(&[], 1));
        assert_eq!(merged(vec![(1, usize::MAX), (2, 3)]), [(1, usize::MAX)]);
    }
}
