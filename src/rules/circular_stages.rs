//! `circular-stages`: stages depend on each other in a circle.

use crate::lint::facts::Facts;
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "circular-stages",
    page: include_str!("../../rules/lint/circular-stages.md"),
    dockerfile: Some(check),
    image: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    let mut waiting: Option<Vec<bool>> = None;
    for step in &cx.facts.steps {
        let Some(own) = step.stage else { continue };
        // Without a name that leads further down there is no circle.
        let below = |name: &str| {
            cx.facts.stages[own + 1..]
                .iter()
                .find(|stage| stage.is_named(name))
        };
        let Some((name, stage)) = step
            .sources()
            .find_map(|name| below(name).map(|stage| (name, stage)))
        else {
            continue;
        };
        let waiting = waiting.get_or_insert_with(|| in_circles(cx.facts));
        if cx.facts.source_stage(step, name).is_none() && waiting[own] && waiting[stage.index] {
            findings
                .add(
                    step.instruction.keyword.span,
                    format!("stage `{name}` and this stage depend on each other"),
                )
                .label(stage.from.span, "defined here");
        }
    }
}

/// Per stage, whether it is left when all stages are taken away that need none of the others, or
/// that none of them needs.
fn in_circles(facts: &Facts<'_>) -> Vec<bool> {
    let needs: Vec<Vec<usize>> = (0..facts.stages.len())
        .map(|stage| facts.sources_of(stage))
        .collect();
    let mut needed_by = vec![Vec::new(); needs.len()];
    for (stage, sources) in needs.iter().enumerate() {
        // A stage that copies from itself is what another rule speaks of.
        for &source in sources.iter().filter(|&&source| source != stage) {
            needed_by[source].push(stage);
        }
    }
    let mut left = vec![true; needs.len()];
    take_away(&needs, &needed_by, &mut left);
    take_away(&needed_by, &needs, &mut left);
    left
}

/// Takes away what has nothing before it, until all that is left has.
fn take_away(before: &[Vec<usize>], after: &[Vec<usize>], left: &mut [bool]) {
    let others = |stage: usize| before[stage].iter().filter(move |&&other| other != stage);
    let mut count: Vec<usize> = (0..left.len())
        .map(|stage| others(stage).filter(|&&other| left[other]).count())
        .collect();
    let mut open: Vec<usize> = (0..left.len())
        .filter(|&stage| left[stage] && count[stage] == 0)
        .collect();
    while let Some(stage) = open.pop() {
        left[stage] = false;
        for &next in after[stage].iter().filter(|&&next| next != stage) {
            count[next] = count[next].saturating_sub(1);
            if count[next] == 0 && left[next] {
                open.push(next);
            }
        }
    }
}
