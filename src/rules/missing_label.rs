//! `missing-label`: an image lacks a label that the settings ask for.

use std::collections::BTreeSet;

use super::label_schema::labels;
use crate::lint::facts::{Base, Facts, Stage};
use crate::lint::{Context, Findings, Rule};

pub(super) const RULE: Rule =
    Rule { name: "missing-label", page: include_str!("../../rules/lint/missing-label.md"), check };

fn check(cx: &Context<'_>, findings: &mut Findings) {
    if cx.settings.label_schema.is_empty() {
        return;
    }
    let keys: Vec<(Option<usize>, String)> =
        labels(cx).filter_map(|(step, pair)| Some((step.stage, cx.facts.expand(step, &pair.key)?))).collect();
    let used = used_stages(cx.facts);
    for stage in cx.facts.stages.iter().filter(|stage| !used.contains(&stage.index)) {
        let ancestry: BTreeSet<usize> = cx.facts.ancestry(stage.index).map(|stage| stage.index).collect();
        let has = |label: &String| {
            keys.iter().any(|(stage, key)| key == label && stage.is_some_and(|stage| ancestry.contains(&stage)))
        };
        for label in cx.settings.label_schema.keys().filter(|label| !has(label)) {
            findings.add(stage.from.span, format!("the image has no label `{label}`"));
        }
    }
}

/// The stages that others are built on or take files from: they are not the image.
fn used_stages(facts: &Facts<'_>) -> BTreeSet<usize> {
    let built_on = facts.stages.iter().filter_map(|stage: &Stage<'_>| match stage.base {
        Base::Stage(at) => Some(at),
        _ => None,
    });
    let taken_from = facts.steps.iter().flat_map(|step| {
        step.sources().filter_map(move |name| facts.source_stage(step, name)).map(|stage| stage.index)
    });
    built_on.chain(taken_from).collect()
}
