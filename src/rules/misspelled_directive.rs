//! `misspelled-directive`: a parser directive is misspelled.

use crate::dockerfile::{DIRECTIVES, parse};
use crate::lint::{DockerfileContext, Edit, Findings, Fix, Rule};
use crate::source::{Source, Span};
use crate::suggestion;

pub(super) const RULE: Rule = Rule {
    name: "misspelled-directive",
    page: include_str!("../../rules/lint/misspelled-directive.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    let lines_before = usize::from(cx.dockerfile.shebang.is_some());
    let Some(comment) = cx.dockerfile.comments.get(lines_before) else {
        return;
    };
    // Directives end at the first line that is not one, so only that line can have been intended as
    // a directive.
    if cx.source.line(comment.span.start) != cx.dockerfile.directives.len() + lines_before + 1 {
        return;
    }
    let Some((key, value)) = comment.text.split_once('=') else {
        return;
    };
    let key = key.trim();
    // A directive without a value is a different error.
    if value.trim().is_empty() {
        return;
    }
    let Some(near) = nearest(key) else { return };
    let Some(offset) = cx.source.slice(comment.span).find(key) else {
        return;
    };
    let start = comment.span.start + offset;
    let edit = Edit::replace(Span::new(start, start + key.len()), near.to_owned());
    let message = format!("unknown directive `{key}` is treated as a comment");
    let is_harmless = is_harmless(cx, &edit);
    let report = findings.add(edit.span, message);
    if is_harmless {
        report.fix(Fix::marked_unsafe(format!("use `{near}`"), [edit]));
    }
}

/// Whether the file has no more errors when the directive is in effect: with another escape
/// character, its lines may end elsewhere.
fn is_harmless(cx: &DockerfileContext<'_>, edit: &Edit) -> bool {
    let mut bytes = cx.source.bytes().to_vec();
    bytes.splice(edit.span.start..edit.span.end, edit.replacement.bytes());
    let fixed = parse(&Source::new(cx.source.name(), bytes));
    fixed.errors.len() <= cx.dockerfile.errors.len()
}

/// The directive that differs from a word by one or two letters.
fn nearest(key: &str) -> Option<&'static str> {
    // Shorter and longer words are ordinary comments, `TODO=…`, that merely resemble a directive.
    let is_word = (4..=8).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_alphabetic());
    if !is_word || DIRECTIVES.iter().any(|name| name.eq_ignore_ascii_case(key)) {
        return None;
    }
    suggestion::closest(key, DIRECTIVES)
}
