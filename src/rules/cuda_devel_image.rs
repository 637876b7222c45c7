//! `cuda-devel-image`: the final stage is based on CUDA's image for development.

use super::support::final_image;
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "cuda-devel-image",
    page: include_str!("../../rules/lint/cuda-devel-image.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    let (Some(image), Some(stage)) = (final_image::base(cx), cx.facts.final_stage()) else {
        return;
    };
    let is_cuda = final_image::is_cuda(image);
    let Some(tag) = image.tag.as_str() else {
        return;
    };
    if is_cuda && tag.split('-').any(|part| part == "devel") {
        // The stage that names the image may be another one.
        let root = cx.facts.ancestry(stage.index).last().unwrap_or(stage);
        let message = "the final image contains the CUDA compiler and headers";
        findings.add(root.image.span, message);
    }
}
