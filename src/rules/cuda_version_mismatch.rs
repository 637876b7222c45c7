//! `cuda-version-mismatch`: a package is built for another version of CUDA than the image has.

use super::support::final_image;
use crate::lint::facts::{Argument, Base, Call, Step};
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "cuda-version-mismatch",
    page: include_str!("../../rules/lint/cuda-version-mismatch.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for run in cx.facts.runs() {
        let step = &cx.facts.steps[run.step];
        let Some(of_image) = version_of_image(cx, step) else {
            continue;
        };
        for call in run.calls.iter().filter(|call| is_python(call)) {
            let wanted = call
                .arguments
                .iter()
                .find_map(|argument| Some((wanted_version(argument)?, argument)));
            if let Some((version, argument)) = wanted
                && version != of_image
            {
                let message =
                    format!("built for CUDA {version}, but the image has CUDA {of_image}");
                findings.add(argument.span, message);
            }
        }
    }
}

/// The first number of the version of CUDA in the image that a step runs in.
fn version_of_image(cx: &DockerfileContext<'_>, step: &Step<'_>) -> Option<u32> {
    let root = cx.facts.ancestry(step.stage?).last()?;
    let Base::Image(image) = &root.base else {
        return None;
    };
    if !final_image::is_cuda(image) {
        return None;
    }
    image.tag.as_str()?.split('.').next()?.parse().ok()
}

/// Whether a call installs packages of Python.
fn is_python(call: &Call) -> bool {
    call.name.starts_with("pip") || call.name.starts_with("python") || call.name == "uv"
}

/// The first number of the version that an argument asks for: 12 for `…/whl/cu124`, `torch+cu124`
/// and `cupy-cuda12x`.
fn wanted_version(argument: &Argument) -> Option<u32> {
    let text = argument.single()?;
    // After the index of PyTorch, or the local part of a version.
    for mark in ["/cu", "+cu"] {
        if let Some((_, rest)) = text.rsplit_once(mark) {
            let end = rest
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(rest.len());
            // The last digit is the second number: `cu118`, `cu124`.
            let digits = &rest[..end];
            if digits.len() == 3 {
                return digits[..2].parse().ok();
            }
        }
    }
    let (_, rest) = text.split_once("cupy-cuda")?;
    rest.split('x').next()?.parse().ok()
}
