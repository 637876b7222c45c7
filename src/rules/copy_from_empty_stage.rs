//! `copy-from-empty-stage`: a COPY takes files from an empty stage.

use super::support::steps::copies_from;
use crate::dockerfile::Kind;
use crate::lint::facts::{Base, Facts};
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "copy-from-empty-stage",
    page: include_str!("../../rules/lint/copy-from-empty-stage.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    let empty = empty_stages(cx.facts);
    // Without `--from`, the files come from the build context.
    for (step, word, name) in copies_from(cx) {
        if step.onbuild {
            continue;
        }
        let Some(stage) = cx.facts.source_stage(step, name) else {
            continue;
        };
        if !empty[stage.index] {
            continue;
        }
        let message = format!("stage `{name}` is empty, so the build fails here");
        findings
            .add(word.span, message)
            .label(stage.from.span, "starts from `scratch` and adds no files");
    }
}

/// For each stage, whether it is built from scratch and no step in its lineage writes files.
fn empty_stages(facts: &Facts<'_>) -> Vec<bool> {
    // A stage can only be based on an earlier one, so its base has already been computed.
    let mut empty: Vec<bool> = Vec::with_capacity(facts.stages.len());
    for stage in &facts.stages {
        let starts_empty = match stage.base {
            Base::Scratch => true,
            Base::Stage(index) => empty[index],
            Base::Image(_) => false,
        };
        let writes = facts
            .steps_of(stage)
            .iter()
            .any(|step| writes_files(step.kind()));
        empty.push(starts_empty && !writes);
    }
    empty
}

/// Whether an instruction of this kind can create files; unknown instructions might.
fn writes_files(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Add | Kind::Copy | Kind::Run | Kind::Workdir | Kind::Unknown
    )
}
