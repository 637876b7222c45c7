//! `duplicate-label`: a label is set twice.

use std::collections::HashMap;

use super::support::label_schema::labels;
use super::support::rewrite::without;
use crate::dockerfile::Body;
use crate::lint::{Applicability, DockerfileContext, Edit, Findings, Fix, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "duplicate-label",
    page: include_str!("../../rules/lint/duplicate-label.md"),
    dockerfile: Some(check),
    image: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    let mut set: HashMap<(Option<usize>, String), Span> = HashMap::new();
    for (step, pair) in labels(cx) {
        let Some(key) = cx.facts.expand(step, &pair.key) else {
            continue;
        };
        if let Some(before) = set.insert((step.stage, key.clone()), pair.span) {
            let report = findings
                .add(before, format!("label `{key}` is overwritten below"))
                .label(pair.span, "set again here");
            if let Some(edit) = without_pair(cx, before) {
                report.fix(Fix::new("remove it", Applicability::Safe, vec![edit]));
            }
        }
    }
}

/// Takes a label away with the blanks after it, or the whole LABEL where it has no other.
fn without_pair(cx: &DockerfileContext<'_>, pair: Span) -> Option<Edit> {
    let steps = &cx.facts.steps;
    let after = steps.partition_point(|step| step.span.start <= pair.start);
    let step = steps[..after].last()?;
    if step.onbuild {
        return None;
    }
    let Body::Pairs(pairs) = &step.instruction.body else {
        return None;
    };
    let at = pairs.binary_search_by_key(&pair, |other| other.span).ok()?;
    if pairs.len() == 1 {
        return without(cx, step.span);
    }
    // What stands between two labels goes with the one that is taken away, a comment does not.
    let gap = match pairs.get(at + 1) {
        Some(next) => Span::new(pair.end, next.span.start),
        None => Span::new(pairs[at - 1].span.end, pair.start),
    };
    let is_empty = cx
        .source
        .slice(gap)
        .chars()
        .all(|c| c.is_whitespace() || c == cx.dockerfile.escape);
    is_empty.then(|| Edit {
        span: pair.to(gap),
        replacement: String::new(),
    })
}
