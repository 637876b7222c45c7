//! Comments in YAML and HCL that suppress findings, with the grammar of those in Dockerfiles.
//!
//! A comment above an entry applies to the entry and everything that is indented below it; a comment
//! at the end of a line applies to the entry on that line. `global ignore=` applies to the file.

use std::collections::BTreeSet;

use crate::lint::finding::Finding;
use crate::lint::pragma::{self, Dialect, Request, Requested, Scope};
use crate::lint::registry::Registry;
use crate::lint::settings::Settings;
use crate::source::Source;

/// The comments of a file.
#[derive(Debug, Default)]
pub(super) struct Suppressions {
    ranges: Vec<Range>,
}

/// Lines on which findings of some rules are suppressed.
#[derive(Debug)]
struct Range {
    first: usize,
    last: usize,
    rules: BTreeSet<&'static str>,
}

impl Suppressions {
    pub(super) fn read(source: &Source, registry: &Registry, settings: &Settings) -> Self {
        let mut suppressions = Self::default();
        let today = settings.now.map(|now| now.to_string());
        for line in 1..=source.line_count() {
            let text = source.slice(source.line_span(line));
            let Some((before, comment)) = comment(text) else {
                continue;
            };
            for request in pragma::requests(comment) {
                let rules = rules(&request, registry);
                let has_ended = match (request.until, today.as_deref()) {
                    (Some(until), Some(today)) => until < today.get(..10).unwrap_or(today),
                    _ => false,
                };
                if rules.is_empty() || has_ended {
                    continue;
                }
                let (first, last) = match request.scope {
                    Scope::File => (1, usize::MAX),
                    Scope::Stage | Scope::Next | Scope::Block => {
                        let is_own_line = before.trim().is_empty();
                        entry_lines(source, if is_own_line { line + 1 } else { line })
                    }
                };
                suppressions.ranges.push(Range { first, last, rules });
            }
        }
        suppressions
    }

    pub(super) fn apply(&self, source: &Source, findings: &mut Vec<Finding>) {
        if self.ranges.is_empty() {
            return;
        }
        findings.retain(|finding| {
            let Some(span) = finding.span() else {
                return true;
            };
            let line = source.line(span.start);
            !self.ranges.iter().any(|range| {
                (range.first..=range.last).contains(&line) && range.rules.contains(finding.rule)
            })
        });
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

/// The lines of the entry that starts at a line, or at the next one that is neither empty nor a
/// comment.
fn entry_lines(source: &Source, from: usize) -> (usize, usize) {
    let mut lines = (from..=source.line_count()).filter_map(|line| {
        let text = source.slice(source.line_span(line));
        let code = text.trim_start();
        if code.is_empty() || code.starts_with('#') {
            return None;
        }
        Some((line, text.len() - code.len()))
    });
    let Some((first, indent)) = lines.next() else {
        return (from, from);
    };
    let mut last = first;
    for (line, inner) in lines {
        if inner <= indent {
            break;
        }
        last = line;
    }
    (first, last)
}
