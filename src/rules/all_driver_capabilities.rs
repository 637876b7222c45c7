//! `all-driver-capabilities`: containers get everything of NVIDIA's driver.

use super::support::final_image;
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "all-driver-capabilities",
    page: include_str!("../../rules/lint/all-driver-capabilities.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for (step, pair) in final_image::environment(cx) {
        if pair.key.text.as_str() != "NVIDIA_DRIVER_CAPABILITIES" {
            continue;
        }
        let value = pair
            .value
            .as_ref()
            .and_then(|value| cx.facts.expand(step, value));
        if value.is_some_and(|value| value.split(',').any(|part| part.trim() == "all")) {
            let message = "containers get all NVIDIA driver libraries; list only those they need";
            findings.add(pair.span, message);
        }
        // An earlier value has no effect.
        return;
    }
}
