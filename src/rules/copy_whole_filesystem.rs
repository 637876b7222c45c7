//! `copy-whole-filesystem`: a COPY copies all files of an image over another.

use crate::dockerfile::{Body, CopySource, Kind};
use crate::lint::facts::{Base, ImageRef, Stage, Step, is_well_known_image};
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "copy-whole-filesystem",
    page: include_str!("../../rules/lint/copy-whole-filesystem.md"),
    dockerfile: Some(check),
    image: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for step in cx
        .facts
        .steps
        .iter()
        .filter(|step| step.kind() == Kind::Copy)
    {
        let Some((_, from)) = step.copied_from() else {
            continue;
        };
        let Body::Transfer {
            sources,
            destination,
            ..
        } = &step.instruction.body
        else {
            continue;
        };
        let root = sources.iter().find_map(|place| match place {
            CopySource::Path(word) if word.literal() == Some("/") => Some(word),
            _ => None,
        });
        let Some(root) = root.filter(|_| destination.literal() == Some("/")) else {
            continue;
        };
        // Into an empty image, it is the way to have one layer of several.
        let into_nothing = step
            .stage
            .is_some_and(|stage| cx.facts.stages[stage].base == Base::Scratch);
        if !into_nothing && holds_a_system(cx, step, from) {
            let span = root.span.to(destination.span);
            findings.add(span, "all files of one image are copied over another");
        }
    }
}

/// Whether what is copied is more than files that have been put together for it.
fn holds_a_system(cx: &DockerfileContext<'_>, step: &Step<'_>, from: &str) -> bool {
    match cx.facts.source_stage(step, from) {
        Some(stage) => stage_holds_a_system(cx, stage),
        None => {
            is_well_known_image(ImageRef::parse(from).familiar_name().unwrap_or(from))
                || !from.contains(['/', ':', '@'])
        }
    }
}

/// A stage on a known image, or one that can run programs.
fn stage_holds_a_system(cx: &DockerfileContext<'_>, stage: &Stage<'_>) -> bool {
    let root = cx.facts.ancestry(stage.index).last().unwrap_or(stage);
    root.base != Base::Scratch
        && (root.known.is_some()
            || cx
                .facts
                .lineage(stage.index)
                .any(|step| step.kind() == Kind::Run))
}
