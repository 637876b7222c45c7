//! `redundant-cuda-install`: CUDA is installed on an image that contains it.

use super::support::final_image;
use crate::lint::facts::packages::Action;
use crate::lint::facts::{Base, Step};
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "redundant-cuda-install",
    page: include_str!("../../rules/lint/redundant-cuda-install.md"),
    dockerfile: Some(check),
    image: None,
};

/// Beginnings of the names of packages that every image for running or development contains.
const RUNTIME: [&str; 2] = ["cuda-runtime", "cuda-libraries-1"];

/// Beginnings of the names of packages that the images for development contain.
const DEVELOPMENT: [&str; 6] = [
    "cuda-toolkit",
    "cuda-compiler",
    "cuda-nvcc",
    "cuda-libraries-dev",
    "cuda-minimal-build",
    "nvidia-cuda-toolkit",
];

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for run in cx.facts.runs() {
        let step = &cx.facts.steps[run.step];
        let Some(contains_compilers) = kind_of_image(cx, step) else {
            continue;
        };
        for call in run.package_calls() {
            if call.action != Action::Install || !call.manager.system {
                continue;
            }
            let mut packages = call.packages.iter();
            let found = packages.find(|package| {
                let name = package.name(call.manager);
                starts_with_any(name, &RUNTIME)
                    || contains_compilers && (name == "cuda" || starts_with_any(name, &DEVELOPMENT))
            });
            if let Some(package) = found {
                findings.add(
                    package.argument.span,
                    format!("`{}` is already in the base image", package.word),
                );
            }
        }
    }
}

/// Whether the stage of a step is based on CUDA's image for development; `None` if it is not based
/// on one with the libraries at all.
fn kind_of_image(cx: &DockerfileContext<'_>, step: &Step<'_>) -> Option<bool> {
    let root = cx.facts.ancestry(step.stage?).last()?;
    let Base::Image(image) = &root.base else {
        return None;
    };
    if !final_image::is_cuda(image) {
        return None;
    }
    let parts: Vec<&str> = image.tag.as_str()?.split('-').collect();
    if parts.contains(&"devel") {
        Some(true)
    } else if parts.contains(&"runtime") {
        Some(false)
    } else {
        None
    }
}

fn starts_with_any(name: &str, starts: &[&str]) -> bool {
    starts.iter().any(|start| name.starts_with(start))
}
