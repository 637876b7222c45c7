//! `gpu-runtime-in-image`: the runtime that gives containers a GPU is in an image.

use crate::lint::facts::packages::Action;
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "gpu-runtime-in-image",
    page: include_str!("../../rules/lint/gpu-runtime-in-image.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

/// Packages that belong on the host.
const PACKAGES: [&str; 7] = [
    "libnvidia-container-tools",
    "libnvidia-container1",
    "nvidia-container-runtime",
    "nvidia-container-toolkit",
    "nvidia-container-toolkit-base",
    "nvidia-docker",
    "nvidia-docker2",
];

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for (_, call) in cx.facts.package_calls() {
        if call.action != Action::Install || !call.manager.system {
            continue;
        }
        let mut packages = call.packages.iter();
        // One of these packages depends on the others, so the first is enough.
        if let Some(package) =
            packages.find(|package| PACKAGES.contains(&package.name(call.manager)))
        {
            let message = format!("`{}` is only needed on the host", package.word);
            findings.add(package.argument.span, message);
        }
    }
}
