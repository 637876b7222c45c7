//! `trailing-blanks`: a line has trailing whitespace.

use super::support::lines::{heredoc_bodies, is_in};
use crate::lint::{DockerfileContext, Edit, Findings, Fix, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "trailing-blanks",
    page: include_str!("../../rules/lint/trailing-blanks.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    let bodies = heredoc_bodies(cx);
    for line in 1..=cx.source.line_count() {
        let line = cx.source.line_span(line);
        let text = cx.source.slice(line);
        let kept = text.trim_end_matches([' ', '\t']).len();
        // In a heredoc, trailing whitespace may be part of a file's content.
        if kept == text.len() || is_in(&bodies, line.start) {
            continue;
        }
        let span = Span::new(line.start + kept, line.start + text.len());
        let edit = Edit::remove(span);
        findings
            .add(span, "trailing whitespace")
            .fix(Fix::safe("remove it", [edit]));
    }
}
