//! `shell-in-image`: a shell is left in the final image.

use super::support::programs::report;
use crate::knowledge::ProgramClass;
use crate::lint::{DockerfileContext, Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "shell-in-image",
    page: include_str!("../../rules/lint/shell-in-image.md"),
    dockerfile: Some(check_dockerfile),
    image: Some(check_image),
    deployment: None,
};

fn check_dockerfile(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    report(cx, findings, "shell", |programs| &programs.shells);
}

fn check_image(cx: &ImageContext<'_>, findings: &mut Findings) {
    for name in cx.programs(ProgramClass::Shell.names()) {
        let path = cx.path(name);
        findings.add(cx.at_file(name), format!("shell `{path}` is in the image"));
    }
}
