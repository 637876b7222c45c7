//! `todo-comment`: a comment marks unfinished work.

use crate::lint::{DockerfileContext, Findings, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "todo-comment",
    page: include_str!("../../rules/lint/todo-comment.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

/// The words for it, as most editors and tools mark them.
const MARKS: [&str; 3] = ["TODO", "FIXME", "XXX"];

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for comment in &cx.dockerfile.comments {
        let text = cx.source.slice(comment.span);
        let Some((start, mark)) = mark_in(text) else {
            continue;
        };
        let start = comment.span.start + start;
        let message = format!("unresolved `{mark}` comment");
        findings.add(Span::new(start, start + mark.len()), message);
    }
}

/// The first mark in a comment, as a word of its own, with its offset.
fn mark_in(text: &str) -> Option<(usize, &'static str)> {
    let mut start = 0;
    for word in text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
        if let Some(mark) = MARKS.iter().find(|mark| **mark == word) {
            return Some((start, *mark));
        }
        start += word.len();
        // The separator, which may be longer than a byte.
        start += text[start..].chars().next().map_or(0, char::len_utf8);
    }
    None
}
