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
    deployment: None,
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
        let Some(image) = cuda_image(cx, step) else {
            continue;
        };
        for call in run.package_calls() {
            if call.action != Action::Install || !call.manager.system {
                continue;
            }
            let mut packages = call.packages.iter();
            let found = packages.find(|package| {
                image.contains(package.name(call.manager)) && image.is_of_version(package.word)
            });
            if let Some(package) = found {
                let message = format!("`{}` is already in the base image", package.word);
                findings.add(package.argument.span, message);
            }
        }
    }
}

/// An image of CUDA with the libraries.
struct CudaImage<'f> {
    /// The numbers of its version: 12, 6 and 3.
    version: Vec<&'f str>,
    /// Whether it is one for development.
    has_compilers: bool,
}

impl CudaImage<'_> {
    /// Whether the image contains a package, in some version.
    fn contains(&self, name: &str) -> bool {
        starts_with_any(name, &RUNTIME)
            || self.has_compilers && (name == "cuda" || starts_with_any(name, &DEVELOPMENT))
    }

    /// Whether a package is of the version of CUDA that the image has, or names none. Two versions
    /// of CUDA side by side may be intended.
    fn is_of_version(&self, package: &str) -> bool {
        // `cuda-toolkit-12-6`, `cuda-toolkit-12`, `cuda-toolkit=12.6.3-1`.
        let parts = package.split(['-', '.', '=']);
        let numbers = parts.filter(|part| is_number(part)).take(2);
        numbers.zip(&self.version).all(|(one, other)| one == *other)
    }
}

/// CUDA's image that the stage of a step is based on; `None` for one without the libraries.
fn cuda_image<'f>(cx: &'f DockerfileContext<'_>, step: &Step<'_>) -> Option<CudaImage<'f>> {
    let root = cx.facts.ancestry(step.stage?).last()?;
    let Base::Image(image) = &root.base else {
        return None;
    };
    if !final_image::is_cuda(image) {
        return None;
    }
    let parts: Vec<&str> = image.tag.as_str()?.split('-').collect();
    let has_compilers = parts.contains(&"devel");
    if !has_compilers && !parts.contains(&"runtime") {
        return None;
    }
    let version = parts.first()?.split('.').collect();
    Some(CudaImage {
        version,
        has_compilers,
    })
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn starts_with_any(name: &str, starts: &[&str]) -> bool {
    starts.iter().any(|start| name.starts_with(start))
}
