//! `circular-stages`: stages depend on each other in a cycle.

use crate::lint::facts::{Facts, Stage, Step};
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "circular-stages",
    page: include_str!("../../rules/lint/circular-stages.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    let mut circular: Option<Vec<bool>> = None;
    for step in &cx.facts.steps {
        let Some(own) = step.stage else { continue };
        // A cycle contains at least one reference to a later stage.
        let Some((name, stage)) = later_stage(cx.facts, step, own) else {
            continue;
        };
        let circular = circular.get_or_insert_with(|| in_circles(cx.facts));
        if cx.facts.source_stage(step, name).is_none() && circular[own] && circular[stage.index] {
            let message = format!("stage `{name}` and this stage depend on each other");
            findings
                .add(step.instruction.keyword.span, message)
                .label(stage.from.span, "defined here");
        }
    }
}

/// The stage after `own` that a step copies from or mounts, with the name it uses.
fn later_stage<'f, 'a>(
    facts: &'f Facts<'a>,
    step: &'f Step<'a>,
    own: usize,
) -> Option<(&'f str, &'f Stage<'a>)> {
    for name in step.sources() {
        let mut later = facts.stages[own + 1..].iter();
        if let Some(stage) = later.rfind(|stage| stage.is_named(name)) {
            return Some((name, stage));
        }
    }
    None
}

/// Whether each stage remains if stages without dependencies and stages without dependents are
/// removed repeatedly.
fn in_circles(facts: &Facts<'_>) -> Vec<bool> {
    let needs: Vec<Vec<usize>> = (0..facts.stages.len())
        .map(|stage| facts.sources_of(stage))
        .collect();
    let mut needed_by = vec![Vec::new(); needs.len()];
    for (stage, sources) in needs.iter().enumerate() {
        for &source in sources {
            // A stage that copies from itself is reported by `copy-from-own-stage`.
            if source != stage {
                needed_by[source].push(stage);
            }
        }
    }
    let mut left = vec![true; needs.len()];
    remove_independent(&needs, &needed_by, &mut left);
    remove_independent(&needed_by, &needs, &mut left);
    left
}

/// Removes stages without predecessors until every remaining stage has one.
///
/// This is Kahn's algorithm for topological sorting; it takes linear time.
fn remove_independent(before: &[Vec<usize>], after: &[Vec<usize>], left: &mut [bool]) {
    let mut count = vec![0_usize; left.len()];
    let mut open = Vec::new();
    for (stage, others) in before.iter().enumerate() {
        count[stage] = others
            .iter()
            .filter(|&&other| other != stage && left[other])
            .count();
        if left[stage] && count[stage] == 0 {
            open.push(stage);
        }
    }
    while let Some(stage) = open.pop() {
        left[stage] = false;
        // A stage that has no predecessors left is removed as well.
        for &next in after[stage].iter().filter(|&&next| next != stage) {
            count[next] = count[next].saturating_sub(1);
            if count[next] == 0 && left[next] {
                open.push(next);
            }
        }
    }
}
