//! `copy-from-empty-stage`: a COPY takes files from an empty stage.

use crate::dockerfile::Kind;
use crate::lint::facts::{Base, Facts};
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "copy-from-empty-stage",
    page: include_str!("../../rules/lint/copy-from-empty-stage.md"),
    dockerfile: Some(check),
    image: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    let empty = empty_stages(cx.facts);
    for step in cx
        .facts
        .steps
        .iter()
        .filter(|step| step.kind() == Kind::Copy && !step.onbuild)
    {
        let Some((word, name)) = step.copied_from() else {
            continue;
        };
        let Some(stage) = cx
            .facts
            .source_stage(step, name)
            .filter(|stage| empty[stage.index])
        else {
            continue;
        };
        findings
            .add(
                word.span,
                format!("stage `{name}` is empty, so the build fails here"),
            )
            .label(stage.from.span, "starts from `scratch` and adds no files");
    }
}

/// Per stage, whether it comes from scratch and nothing in its lineage writes files.
fn empty_stages(facts: &Facts<'_>) -> Vec<bool> {
    let writes = |kind| {
        matches!(
            kind,
            Kind::Add | Kind::Copy | Kind::Run | Kind::Workdir | Kind::Unknown
        )
    };
    let mut empty: Vec<bool> = Vec::with_capacity(facts.stages.len());
    for stage in &facts.stages {
        let starts_empty = match stage.base {
            Base::Scratch => true,
            Base::Stage(at) => empty[at],
            Base::Image(_) => false,
        };
        empty.push(starts_empty && !facts.steps_of(stage).iter().any(|step| writes(step.kind())));
    }
    empty
}
