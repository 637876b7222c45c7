//! The instructions that shape the image: those of the final stage and its ancestry.

use crate::dockerfile::{Body, Kind, Pair};
use crate::lint::DockerfileContext;
use crate::lint::facts::{Base, ImageRef, Run, Step};

/// The RUN instructions of the image, without those of ONBUILD.
pub(in crate::rules) fn runs<'a>(
    cx: &DockerfileContext<'a>,
) -> impl Iterator<Item = &'a Run<'a>> + use<'a> {
    let facts = cx.facts;
    facts.runs().iter().filter(move |run| {
        let step = &facts.steps[run.step];
        !step.onbuild && facts.is_in_final_image(step)
    })
}

/// The pairs that ENV sets in the image, each with its instruction. The last comes first.
pub(in crate::rules) fn environment<'a>(
    cx: &DockerfileContext<'a>,
) -> Vec<(&'a Step<'a>, &'a Pair)> {
    let facts = cx.facts;
    let mut pairs = Vec::new();
    let Some(stage) = facts.final_stage() else {
        return pairs;
    };
    for step in facts.lineage(stage.index) {
        if let (Kind::Env, false, Body::Pairs(set)) =
            (step.kind(), step.onbuild, &step.instruction.body)
        {
            pairs.extend(set.iter().rev().map(|pair| (step, pair)));
        }
    }
    pairs
}

/// The image that the final stage starts from.
pub(in crate::rules) fn base<'a>(cx: &DockerfileContext<'a>) -> Option<&'a ImageRef> {
    let facts = cx.facts;
    let stage = facts.final_stage()?;
    match &facts.ancestry(stage.index).last()?.base {
        Base::Image(image) => Some(image),
        Base::Scratch | Base::Stage(_) => None,
    }
}

/// Whether an instruction of the image contains a text, in any case.
pub(in crate::rules) fn mentions(cx: &DockerfileContext<'_>, text: &str) -> bool {
    let Some(stage) = cx.facts.final_stage() else {
        return false;
    };
    cx.facts.lineage(stage.index).any(|step| {
        cx.source
            .slice(step.span)
            .to_ascii_lowercase()
            .contains(text)
    })
}

/// Whether an image is NVIDIA's with CUDA.
pub(in crate::rules) fn is_cuda(image: &ImageRef) -> bool {
    matches!(
        image.familiar_name(),
        Some("nvidia/cuda" | "nvcr.io/nvidia/cuda")
    )
}
