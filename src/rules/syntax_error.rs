//! `syntax-error`: the file does not parse.

use std::collections::HashSet;

use crate::dockerfile::SyntaxError;
use crate::lint::{DockerfileContext, Findings, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "syntax-error",
    page: include_str!("../../rules/lint/syntax-error.md"),
    dockerfile: Some(check),
    image: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    let keywords: HashSet<Span> = cx
        .facts
        .steps
        .iter()
        .map(|step| step.instruction.keyword.span)
        .collect();
    for error in cx
        .dockerfile
        .errors
        .iter()
        .filter(|error| !is_said_elsewhere(cx, error, &keywords))
    {
        findings.add(error.span, error.message.as_str());
    }
}

/// What stands where it must not, or is missing, has rules of its own:
/// `unknown-instruction`, `instruction-before-from`, `invalid-onbuild` and `missing-from`.
fn is_said_elsewhere(
    cx: &DockerfileContext<'_>,
    error: &SyntaxError,
    keywords: &HashSet<Span>,
) -> bool {
    let at_end = error.span == Span::at(cx.source.text().len());
    keywords.contains(&error.span)
        || (at_end && cx.facts.stages.is_empty() && !cx.dockerfile.instructions.is_empty())
}
