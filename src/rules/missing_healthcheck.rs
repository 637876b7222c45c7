//! `missing-healthcheck`: nothing says how to tell that the program works.

use crate::dockerfile::Kind;
use crate::lint::{DockerfileContext, Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "missing-healthcheck",
    page: include_str!("../../rules/lint/missing-healthcheck.md"),
    dockerfile: Some(check_dockerfile),
    image: Some(check_image),
};

fn check_dockerfile(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    let Some(stage) = cx.facts.final_stage() else {
        return;
    };
    let has_check = cx
        .facts
        .lineage(stage.index)
        .any(|step| step.kind() == Kind::Healthcheck && !step.onbuild);
    if !has_check {
        findings.add(
            stage.from.span,
            "no `HEALTHCHECK` says how to tell that the program works",
        );
    }
}

fn check_image(cx: &ImageContext<'_>, findings: &mut Findings) {
    let starts =
        !cx.configuration().entrypoint().is_empty() || !cx.configuration().cmd().is_empty();
    if starts && cx.configuration().healthcheck().is_none() {
        findings.add(
            cx.at_instruction("HEALTHCHECK"),
            "no `HEALTHCHECK` says how to tell that the program works",
        );
    }
}
