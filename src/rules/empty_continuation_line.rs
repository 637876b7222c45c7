//! `empty-continuation-line`: an instruction contains an empty line.

use crate::lint::{Applicability, DockerfileContext, Edit, Findings, Fix, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "empty-continuation-line",
    page: include_str!("../../rules/lint/empty-continuation-line.md"),
    dockerfile: Some(check),
    image: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for step in &cx.facts.steps {
        // What follows are the lines of heredocs, where empty ones are text.
        let end = step
            .instruction
            .heredocs
            .first()
            .map_or(step.span.end, |heredoc| heredoc.body.start);
        let empty = empty_lines(cx, Span::new(step.span.start, end));
        if let Some(first) = empty.first() {
            let edits = empty
                .iter()
                .map(|&span| Edit {
                    span,
                    replacement: String::new(),
                })
                .collect();
            let at = Span::at(first.start);
            findings
                .add(
                    at,
                    "empty line inside an instruction, which will become an error",
                )
                .fix(Fix::new(
                    "remove the empty lines",
                    Applicability::Safe,
                    edits,
                ));
        }
    }
}

/// The lines after the first that hold nothing but blanks, with their line breaks; such that touch
/// are one.
fn empty_lines(cx: &DockerfileContext<'_>, span: Span) -> Vec<Span> {
    let mut empty: Vec<Span> = Vec::new();
    let mut at = span.start;
    for (index, line) in cx.source.slice(span).split_inclusive('\n').enumerate() {
        let mut line_span = Span::new(at, at + line.len());
        at = line_span.end;
        if index == 0 || !line.trim().is_empty() {
            continue;
        }
        if !line.ends_with('\n') && cx.source.text()[at..].starts_with(['\n', '\r']) {
            line_span.end += cx.source.text()[at..]
                .find('\n')
                .map_or(0, |offset| offset + 1);
        }
        match empty.last_mut().filter(|last| last.end == line_span.start) {
            Some(last) => last.end = line_span.end,
            None => empty.push(line_span),
        }
    }
    empty
}
