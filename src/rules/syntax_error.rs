//! `syntax-error`: the file does not parse.

use std::collections::HashSet;

use super::support::steps::of_kind;
use super::support::words::known_value;
use crate::dockerfile::{Body, Kind, SyntaxError};
use crate::lint::{DockerfileContext, Findings, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "syntax-error",
    page: include_str!("../../rules/lint/syntax-error.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    // Other rules report instructions that are not allowed in their position.
    let keywords: HashSet<Span> = cx
        .facts
        .steps
        .iter()
        .map(|step| step.instruction.keyword.span)
        .collect();
    for error in &cx.dockerfile.errors {
        if has_own_rule(cx, error, &keywords) {
            continue;
        }
        let mut report = findings.add(error.span, error.message.as_str());
        if let Some((span, message)) = &error.label {
            report = report.label(*span, message.as_str());
        }
        if let Some(note) = &error.note {
            report.note(note.as_str());
        }
    }
    check_volumes(cx, findings);
}

/// Reports volumes that are empty once their variables are replaced. The parser reports the others.
fn check_volumes(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for step in of_kind(cx, &[Kind::Volume]) {
        let Body::Words { words, .. } = &step.instruction.body else {
            continue;
        };
        for word in words {
            if word.literal().is_none() && known_value(cx, step, word).as_deref() == Some("") {
                findings.add(word.span, "empty path in `VOLUME`");
            }
        }
    }
}

/// Whether another rule reports an error: `unknown-instruction`, `instruction-before-from`,
/// `invalid-onbuild` or `missing-from`.
fn has_own_rule(cx: &DockerfileContext<'_>, error: &SyntaxError, keywords: &HashSet<Span>) -> bool {
    if keywords.contains(&error.span) {
        return true;
    }
    // A missing FROM is an error at the end of the file, where a FROM without an image may end too.
    let instructions = &cx.dockerfile.instructions;
    error.span == Span::at(cx.source.text().len())
        && !instructions.is_empty()
        && !instructions
            .iter()
            .any(|instruction| instruction.keyword.kind == Kind::From)
}
