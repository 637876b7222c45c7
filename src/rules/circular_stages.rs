//! `circular-stages`: two stages wait for each other.

use std::collections::HashSet;

use crate::lint::facts::Facts;
use crate::lint::{Context, Findings, Rule};

pub(super) const RULE: Rule =
    Rule { name: "circular-stages", page: include_str!("../../rules/lint/circular-stages.md"), check };

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for step in &cx.facts.steps {
        let Some(own) = step.stage.map(|at| &cx.facts.stages[at]) else { continue };
        // Only a stage further down can need this one.
        let below = |name: &str| cx.facts.stages[own.index + 1..].iter().find(|stage| stage.is_named(name));
        let Some((name, stage)) = step.sources().find_map(|name| below(name).map(|stage| (name, stage))) else {
            continue;
        };
        if cx.facts.source_stage(step, name).is_none() && needs(cx.facts, stage.index, own.index) {
            findings
                .add(step.instruction.keyword.span, format!("the stage `{name}` needs this one, and this one needs it"))
                .label(stage.from.span, "it stands here");
        }
    }
}

/// Whether a stage is built on another or takes files of it, by however many steps.
fn needs(facts: &Facts<'_>, stage: usize, other: usize) -> bool {
    let mut seen = HashSet::from([stage]);
    let mut open = vec![stage];
    while let Some(at) = open.pop() {
        let new: Vec<usize> = facts.sources_of(at).into_iter().filter(|source| seen.insert(*source)).collect();
        open.extend(new);
    }
    stage != other && seen.contains(&other)
}
