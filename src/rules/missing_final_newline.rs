//! `missing-final-newline`: the file does not end with a newline.

use crate::lint::{DockerfileContext, Edit, Findings, Fix, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "missing-final-newline",
    page: include_str!("../../rules/lint/missing-final-newline.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    let text = cx.source.text();
    if text.is_empty() || text.ends_with('\n') {
        return;
    }
    let end = Span::at(text.len());
    // The line break that the file uses elsewhere.
    let replacement = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let edit = Edit::replace(end, replacement.to_owned());
    findings
        .add(end, "file does not end with a newline")
        .fix(Fix::safe("add a newline", [edit]));
}
