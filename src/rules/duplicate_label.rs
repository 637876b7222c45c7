//! `duplicate-label`: a label is set twice, and only the last counts.

use std::collections::HashMap;

use super::label_schema::labels;
use crate::lint::{Context, Findings, Rule};
use crate::source::Span;

pub(super) const RULE: Rule =
    Rule { name: "duplicate-label", page: include_str!("../../rules/lint/duplicate-label.md"), check };

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let mut set: HashMap<(Option<usize>, String), Span> = HashMap::new();
    for (step, pair) in labels(cx) {
        let Some(key) = cx.facts.expand(step, &pair.key) else { continue };
        if let Some(before) = set.insert((step.stage, key.clone()), pair.span) {
            findings
                .add(before, format!("`{key}` is set again below, and this value is lost"))
                .label(pair.span, "it is set again here");
        }
    }
}
