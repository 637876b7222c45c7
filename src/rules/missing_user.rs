//! `missing-user`: no `USER` is set, so the image runs its program as root.

use super::support::root_by_default::{Program, report};
use crate::lint::{DockerfileContext, Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "missing-user",
    page: include_str!("../../rules/lint/missing-user.md"),
    dockerfile: Some(check_dockerfile),
    image: Some(check_image),
    deployment: None,
};

fn check_dockerfile(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    report(cx, findings, Program::Own);
}

fn check_image(cx: &ImageContext<'_>, findings: &mut Findings) {
    // An empty user in the image configuration means root.
    if cx.has_command() && cx.configuration().user().is_empty() {
        let message = "no `USER` is set, so the container runs as `root`";
        findings.add(cx.at_instruction("USER"), message);
    }
}
