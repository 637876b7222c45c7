//! `duplicate-label`: a label is set twice.

use std::collections::HashMap;

use super::support::label_schema::labels;
use super::support::rewrite::remove_lines;
use crate::lint::{DockerfileContext, Edit, Findings, Fix, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "duplicate-label",
    page: include_str!("../../rules/lint/duplicate-label.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    // Each stage has its own labels; those of its base image are unknown.
    let mut set: HashMap<(Option<usize>, String), Span> = HashMap::new();
    for (step, pair) in labels(cx) {
        let Some(key) = cx.facts.expand(step, &pair.key) else {
            continue;
        };
        if let Some(before) = set.insert((step.stage, key.clone()), pair.span) {
            let report = findings
                .add(before, format!("label `{key}` is overwritten below"))
                .label(pair.span, "set again here");
            if let Some(edit) = remove_pair(cx, before) {
                report.fix(Fix::safe("remove it", [edit]));
            }
        }
    }
}

/// Removes a label with the whitespace after it, or the whole LABEL if it has no other.
fn remove_pair(cx: &DockerfileContext<'_>, pair: Span) -> Option<Edit> {
    // Both are binary searches, because a file may have a hundred thousand labels.
    let steps = &cx.facts.steps;
    let after = steps.partition_point(|step| step.span.start <= pair.start);
    let step = steps[..after].last()?;
    if step.onbuild {
        return None;
    }
    let pairs = step.instruction.body.pairs();
    let index = pairs.binary_search_by_key(&pair, |other| other.span).ok()?;
    if pairs.len() == 1 {
        return remove_lines(cx, step.span);
    }
    // The last label is removed with the gap before it: otherwise the previous line would still end
    // in a continuation.
    let gap = match pairs.get(index + 1) {
        Some(next) => Span::new(pair.end, next.span.start),
        None => Span::new(pairs[index - 1].span.end, pair.start),
    };
    // A comment between two labels must not be lost.
    let is_blank = cx
        .source
        .slice(gap)
        .chars()
        .all(|c| c.is_whitespace() || c == cx.dockerfile.escape);
    if !is_blank {
        return None;
    }
    Some(Edit::remove(pair.to(gap)))
}
