//! `fixed-gpu`: the image chooses the GPUs that its containers use.

use super::support::final_image;
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "fixed-gpu",
    page: include_str!("../../rules/lint/fixed-gpu.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

/// Variables with a list of GPUs.
const VARIABLES: [&str; 5] = [
    "CUDA_VISIBLE_DEVICES",
    "GPU_DEVICE_ORDINAL",
    "HIP_VISIBLE_DEVICES",
    "NVIDIA_VISIBLE_DEVICES",
    "ROCR_VISIBLE_DEVICES",
];

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for (step, pair) in final_image::environment(cx) {
        let name = pair.key.text.as_str();
        let value = pair
            .value
            .as_ref()
            .and_then(|value| cx.facts.expand(step, value));
        let Some(value) = value else { continue };
        // Words and `-1` mean all GPUs or none; a number or a UUID is one of this machine.
        let names_one = value.split(',').any(|part| {
            let part = part.trim();
            part.starts_with(|c: char| c.is_ascii_digit())
                || part.starts_with("GPU-")
                || part.starts_with("MIG-")
        });
        if VARIABLES.contains(&name) && names_one {
            let message =
                format!("`{name}={value}` selects GPUs that another machine may not have");
            findings.add(pair.span, message);
        }
    }
}
