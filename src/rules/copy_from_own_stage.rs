//! `copy-from-own-stage`: a stage copies from itself.

use super::support::steps::copies_from;
use crate::lint::facts::Step;
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "copy-from-own-stage",
    page: include_str!("../../rules/lint/copy-from-own-stage.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for (step, word, name) in copies_from(cx) {
        // Of two stages with the name, the second one is meant, also in that one.
        if cx.facts.is_own_stage(step, name) && cx.facts.source_stage(step, name).is_none() {
            let message = format!("`COPY --from` refers to its own stage `{name}`");
            findings.add(word.span, message);
        }
    }
    for step in &cx.facts.steps {
        check_mounts(cx, step, findings);
    }
}

fn check_mounts(cx: &DockerfileContext<'_>, step: &Step<'_>, findings: &mut Findings) {
    // The stages of an ONBUILD are those of a later build.
    if step.onbuild {
        return;
    }
    let Some(stage) = step.stage else { return };
    for field in step.mounts.iter().flat_map(|mount| &mount.fields).flatten() {
        // A mount takes no number of a stage.
        let name = field.value.as_deref().unwrap_or_default();
        if field.is("from")
            && cx.facts.stages[stage].is_named(name)
            && cx.facts.source_stage(step, name).is_none()
        {
            findings.add(
                field.value_span,
                format!("`RUN --mount` refers to its own stage `{name}`"),
            );
        }
    }
}
