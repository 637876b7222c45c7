//! `copy-whole-filesystem`: a COPY copies all files of an image over another.

use super::support::steps::copies_from;
use crate::dockerfile::Kind;
use crate::lint::facts::{Base, ImageRef, Stage, Step, is_well_known_image};
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "copy-whole-filesystem",
    page: include_str!("../../rules/lint/copy-whole-filesystem.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    // The root of the build context is the project directory.
    for (step, _, from) in copies_from(cx) {
        let body = &step.instruction.body;
        let root = body.source_words().find(|word| word.literal() == Some("/"));
        let (Some(root), Some(destination)) = (root, body.destination()) else {
            continue;
        };
        if destination.literal() != Some("/") {
            continue;
        }
        // Copying everything into an empty image squashes a stage into a single layer.
        let into_scratch = step
            .stage
            .is_some_and(|stage| cx.facts.stages[stage].base == Base::Scratch);
        if !into_scratch && has_system(cx, step, from) {
            let span = root.span.to(destination.span);
            findings.add(span, "all files from one image are copied over another");
        }
    }
}

/// Whether a stage or an image contains a complete system, rather than files that are designed to
/// be copied over another image, such as `tonistiigi/xx`.
fn has_system(cx: &DockerfileContext<'_>, step: &Step<'_>, from: &str) -> bool {
    match cx.facts.source_stage(step, from) {
        Some(stage) => stage_has_system(cx, stage),
        None => {
            // Official images, which have neither registry nor owner in their names, contain
            // complete systems.
            is_well_known_image(ImageRef::parse(from).familiar_name().unwrap_or(from))
                || !from.contains(['/', ':', '@'])
        }
    }
}

/// Whether a stage is based on a known image, or can run programs.
fn stage_has_system(cx: &DockerfileContext<'_>, stage: &Stage<'_>) -> bool {
    let root = cx.facts.ancestry(stage.index).last().unwrap_or(stage);
    root.base != Base::Scratch
        && (root.known.is_some()
            || cx
                .facts
                .lineage(stage.index)
                .any(|step| step.kind() == Kind::Run))
}
