//! `empty-continuation-line`: an instruction contains an empty line.

use crate::lint::{DockerfileContext, Edit, Findings, Fix, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "empty-continuation-line",
    page: include_str!("../../rules/lint/empty-continuation-line.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for step in &cx.facts.steps {
        // These lines are followed by the bodies of heredocs, in which empty lines are text.
        let end = step
            .instruction
            .heredocs
            .first()
            .map_or(step.span.end, |heredoc| heredoc.body.start);
        let empty = empty_lines(cx, Span::new(step.span.start, end));
        if let Some(first) = empty.first() {
            let edits: Vec<Edit> = empty.iter().map(|&span| Edit::remove(span)).collect();
            let at = Span::at(first.start);
            let message = "empty line inside an instruction: this will become an error";
            findings
                .add(at, message)
                .fix(Fix::safe("remove the empty lines", edits));
        }
    }
}

/// The blank lines after the first line, with their line breaks. Adjacent ones are one span.
fn empty_lines(cx: &DockerfileContext<'_>, span: Span) -> Vec<Span> {
    let mut empty: Vec<Span> = Vec::new();
    let mut offset = span.start;
    for (index, line) in cx.source.slice(span).split_inclusive('\n').enumerate() {
        let mut line_span = Span::new(offset, offset + line.len());
        offset = line_span.end;
        if index == 0 || !line.trim().is_empty() {
            continue;
        }
        // The span of an instruction ends before its last line break, which must be removed too.
        let rest = &cx.source.text()[offset..];
        if !line.ends_with('\n') && rest.starts_with(['\n', '\r']) {
            line_span.end += rest.find('\n').map_or(0, |line_break| line_break + 1);
        }
        match empty.last_mut() {
            Some(last) if last.end == line_span.start => last.end = line_span.end,
            _ => empty.push(line_span),
        }
    }
    empty
}
