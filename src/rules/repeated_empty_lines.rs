//! `repeated-empty-lines`: several empty lines in a row, or empty lines at the start or end of the
//! file.

use std::ops::Range;

use super::support::lines::{instructions, is_in};
use crate::lint::{DockerfileContext, Edit, Findings, Fix, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "repeated-empty-lines",
    page: include_str!("../../rules/lint/repeated-empty-lines.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    let count = cx.source.line_count();
    for run in empty_runs(cx) {
        // One empty line is fine between instructions, but not at the start or end of the file.
        let is_at_end = run.start == 1 || run.end > count;
        let superfluous = if is_at_end { run.start } else { run.start + 1 };
        // A file that contains only empty lines has no start or end to clean up.
        if superfluous >= run.end || run.len() == count {
            continue;
        }
        let (from, to) = (start(cx, superfluous), start(cx, run.end));
        let message = match (is_at_end, run.len()) {
            (true, 1) => "empty line at the start or end of the file".to_owned(),
            (true, lines) => format!("{lines} empty lines at the start or end of the file"),
            (false, lines) => format!("{lines} consecutive empty lines"),
        };
        let edit = Edit::remove(Span::new(from, to));
        let report = findings.add(Span::at(from), message);
        // A comment that becomes the first line can become a directive.
        if from > 0 || !cx.source.text()[to..].trim_start().starts_with('#') {
            report.fix(Fix::safe("remove them", [edit]));
        }
    }
}

/// The lines outside of instructions that contain only whitespace, as ranges of adjacent lines.
fn empty_runs(cx: &DockerfileContext<'_>) -> Vec<Range<usize>> {
    let instructions = instructions(cx);
    let mut runs: Vec<Range<usize>> = Vec::new();
    for line in 1..=cx.source.line_count() {
        let span = cx.source.line_span(line);
        if !cx.source.slice(span).trim().is_empty() || is_in(&instructions, span.start) {
            continue;
        }
        match runs.last_mut().filter(|run| run.end == line) {
            Some(run) => run.end += 1,
            None => runs.push(line..line + 1),
        }
    }
    runs
}

/// The offset at which a line starts, or at which the file ends if there is no such line.
fn start(cx: &DockerfileContext<'_>, line: usize) -> usize {
    if line > cx.source.line_count() {
        cx.source.text().len()
    } else {
        cx.source.line_span(line).start
    }
}
