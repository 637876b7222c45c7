//! `consecutive-label`: consecutive LABELs can be combined.

use crate::dockerfile::{Body, Kind, Pair};
use crate::lint::facts::Step;
use crate::lint::{Applicability, DockerfileContext, Edit, Findings, Fix, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "consecutive-label",
    page: include_str!("../../rules/lint/consecutive-label.md"),
    dockerfile: Some(check),
    image: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for group in cx
        .facts
        .steps
        .chunk_by(|before, after| is_label(before) && is_label(after))
    {
        let [first, rest @ ..] = group else { continue };
        if rest.is_empty() {
            continue;
        }
        let keyword = &first.instruction.keyword;
        let message = format!(
            "{} consecutive instructions set labels; one `{}` is enough",
            group.len(),
            keyword.text
        );
        let mut report = findings.add(keyword.span, message);
        for step in rest {
            report = report.label(step.instruction.keyword.span, "also this one");
        }
        if let Some(edits) = group
            .windows(2)
            .map(|pair| joined(cx, &pair[0], &pair[1]))
            .collect()
        {
            report.fix(Fix::new(
                format!("combine them into one `{}`", keyword.text),
                Applicability::Safe,
                edits,
            ));
        }
    }
}

fn is_label(step: &Step<'_>) -> bool {
    step.kind() == Kind::Label && !step.onbuild
}

/// Makes the line break between two LABELs one inside an instruction; not where something else
/// stands there.
fn joined(cx: &DockerfileContext<'_>, before: &Step<'_>, after: &Step<'_>) -> Option<Edit> {
    let (last, first) = (pairs(before)?.last()?, pairs(after)?.first()?);
    let is_blank = |start: usize, end: usize| {
        cx.source
            .slice(Span::new(start, end.max(start)))
            .trim()
            .is_empty()
    };
    let is_all = is_blank(last.span.end, after.span.start)
        && is_blank(after.instruction.keyword.span.end, first.span.start);
    let indent = " ".repeat(before.instruction.keyword.text.len() + 1);
    // A quote that nobody closes would take in the next label.
    let is_all = is_all && closes_its_quotes(cx, last.span);
    let replacement = format!(" {}{}{indent}", cx.dockerfile.escape, cx.line_break());
    is_all.then(|| Edit {
        span: Span::new(last.span.end, first.span.start),
        replacement,
    })
}

fn closes_its_quotes(cx: &DockerfileContext<'_>, span: Span) -> bool {
    let mut open = None;
    let mut letters = cx.source.slice(span).chars();
    while let Some(letter) = letters.next() {
        match open {
            None if matches!(letter, '"' | '\'') => open = Some(letter),
            Some(quote) if letter == quote => open = None,
            Some('\'') => {}
            _ if letter == cx.dockerfile.escape => drop(letters.next()),
            _ => {}
        }
    }
    open.is_none()
}

/// The labels of an instruction in the form that can have several.
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
