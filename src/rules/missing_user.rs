//! `missing-user`: no USER anywhere, the base image runs as root, and a program of the image's own
//! is started.

use super::support::root_by_default::{Program, report};
use crate::lint::{DockerfileContext, Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "missing-user",
    page: include_str!("../../rules/lint/missing-user.md"),
    dockerfile: Some(check_dockerfile),
    image: Some(check_image),
};

fn check_dockerfile(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    report(cx, findings, Program::Own);
}

fn check_image(cx: &ImageContext<'_>, findings: &mut Findings) {
    let starts =
        !cx.configuration().entrypoint().is_empty() || !cx.configuration().cmd().is_empty();
    if cx.configuration().user().is_empty() && starts {
        findings.add(
            cx.at_instruction("USER"),
            "no user is set, so the container runs as `root`",
        );
    }
}
