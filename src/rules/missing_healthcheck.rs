//! `missing-healthcheck`: the image has no health check.

use crate::dockerfile::Kind;
use crate::lint::{DockerfileContext, Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "missing-healthcheck",
    page: include_str!("../../rules/lint/missing-healthcheck.md"),
    dockerfile: Some(check_dockerfile),
    image: Some(check_image),
    deployment: None,
};

fn check_dockerfile(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    let Some(stage) = cx.facts.final_stage() else {
        return;
    };
    let mut steps = cx.facts.lineage(stage.index);
    if !steps.any(|step| step.kind() == Kind::Healthcheck && !step.onbuild) {
        findings.add(stage.from.span, "final stage has no `HEALTHCHECK`");
    }
}

fn check_image(cx: &ImageContext<'_>, findings: &mut Findings) {
    // An image without a program is not run, so there is nothing to check.
    if cx.has_command() && cx.configuration().healthcheck().is_none() {
        let message = "image has no `HEALTHCHECK`";
        findings.add(cx.at_instruction("HEALTHCHECK"), message);
    }
}
