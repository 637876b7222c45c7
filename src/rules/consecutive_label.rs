//! `consecutive-label`: consecutive LABELs can be combined.

use super::support::consecutive;
use super::support::lines::are_on_adjacent_lines;
use crate::dockerfile::{Body, Kind, Pair};
use crate::lint::facts::Step;
use crate::lint::{DockerfileContext, Edit, Findings, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "consecutive-label",
    page: include_str!("../../rules/lint/consecutive-label.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for group in cx
        .facts
        .steps
        .chunk_by(|before, after| is_label(before) && is_label(after))
    {
        if group.len() < 2 {
            continue;
        }
        // All or none: a group that is joined in part would be reported again.
        let indent = indent(cx, group);
        let edits: Option<Vec<Edit>> = group
            .windows(2)
            .map(|pair| join(cx, &pair[0], &pair[1], &indent))
            .collect();
        consecutive::report(findings, group, "set labels", edits);
    }
}

/// Whether a step sets labels of this image, not of one that is built on it.
fn is_label(step: &Step<'_>) -> bool {
    step.kind() == Kind::Label && !step.onbuild
}

/// The indentation of the continuation lines in a group of LABELs; if there are none, the labels
/// are aligned.
fn indent(cx: &DockerfileContext<'_>, group: &[Step<'_>]) -> String {
    for step in group {
        let text = cx.source.slice(step.span);
        if let Some(line) = text.lines().nth(1) {
            return line[..line.len() - line.trim_start().len()].to_owned();
        }
    }
    let keyword = group
        .first()
        .map_or(0, |step| step.instruction.keyword.text.len());
    " ".repeat(keyword + 1)
}

/// Turns the line break between two LABELs into one inside an instruction; `None` if something else
/// is between them.
fn join(
    cx: &DockerfileContext<'_>,
    before: &Step<'_>,
    after: &Step<'_>,
    indent: &str,
) -> Option<Edit> {
    let (last, first) = (pairs(before)?.last()?, pairs(after)?.first()?);
    let keyword_end = after.instruction.keyword.span.end;
    // A comment between them would end up in the middle of an instruction, and an empty line sets
    // them apart. After an open quote, the line break would become part of the value.
    if !is_blank(cx, last.span.end, after.span.start)
        || !are_on_adjacent_lines(cx, before, after)
        || !is_blank(cx, keyword_end, first.span.start)
        || !closes_its_quotes(cx, last.span)
    {
        return None;
    }
    Some(Edit::replace(
        Span::new(last.span.end, first.span.start),
        format!(" {}{}{indent}", cx.dockerfile.escape, cx.line_break()),
    ))
}

/// Whether there is only whitespace between two offsets.
fn is_blank(cx: &DockerfileContext<'_>, start: usize, end: usize) -> bool {
    let between = cx.source.slice(Span::new(start, end.max(start)));
    between.trim().is_empty()
}

/// Whether a text ends outside of quotes.
fn closes_its_quotes(cx: &DockerfileContext<'_>, span: Span) -> bool {
    let mut open = None;
    let mut letters = cx.source.slice(span).chars();
    while let Some(letter) = letters.next() {
        match open {
            None if matches!(letter, '"' | '\'') => open = Some(letter),
            Some(quote) if letter == quote => open = None,
            // Between single quotes, the escape character is an ordinary one.
            Some('\'') => {}
            _ if letter == cx.dockerfile.escape => drop(letters.next()),
            _ => {}
        }
    }
    open.is_none()
}

/// The labels of an instruction that has the form `key=value`, which allows several.
fn pairs<'a>(step: &'a Step<'_>) -> Option<&'a [Pair]> {
    match &step.instruction.body {
        Body::Pairs(pairs)
            if pairs
                .iter()
                .all(|pair| !pair.legacy && pair.value.is_some()) =>
        {
            Some(pairs)
        }
        _ => None,
    }
}
