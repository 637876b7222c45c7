//! `value-on-next-line`: the value of an ARG is on the next line, so it declares another variable.

use super::support::steps::of_kind;
use crate::dockerfile::{Kind, Pair};
use crate::lint::{DockerfileContext, Edit, Findings, Fix, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "value-on-next-line",
    page: include_str!("../../rules/lint/value-on-next-line.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for step in of_kind(cx, &[Kind::Arg]) {
        let pairs = step.instruction.body.pairs();
        for neighbors in pairs.windows(2) {
            let [first, second] = neighbors else { continue };
            if !is_split(cx, first, second) {
                continue;
            }
            let name = first.key.text.as_str();
            let message = format!("`{name}` is empty: its value is read as another variable");
            let report = findings
                .add(second.span, message)
                .label(first.span, "the value must directly follow the `=`");
            let gap = Span::new(first.span.end, second.span.start);
            // A comment between the lines would become a part of the value.
            if !cx.source.slice(gap).contains('#') {
                let edit = Edit::remove(gap);
                report.fix(Fix::marked_unsafe("join the name and the value", [edit]));
            }
        }
    }
}

/// Whether the second pair is the value of the first one.
fn is_split(cx: &DockerfileContext<'_>, first: &Pair, second: &Pair) -> bool {
    let Some(value) = &first.value else {
        return false;
    };
    if !value.text.as_str().is_empty() || second.value.is_some() {
        return false;
    }
    // `ARG A= # why` has a comment, which `trailing-comment` reports.
    if second.key.text.as_str().starts_with('#') {
        return false;
    }
    // `ARG A= B` declares two variables on purpose, but not `ARG A= debian:12`.
    let gap = cx
        .source
        .slice(Span::new(first.span.end, second.span.start));
    gap.starts_with(cx.dockerfile.escape) || !is_name(second.key.text.as_str())
}

/// Whether a word can be the name of a variable.
fn is_name(word: &str) -> bool {
    let is_word = word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    is_word && !word.starts_with(|first: char| first.is_ascii_digit())
}
