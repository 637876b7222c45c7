//! `shell-in-image`: what runs in production can still be talked to in a shell.

use super::support::programs::report;
use crate::lint::{DockerfileContext, Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "shell-in-image",
    page: include_str!("../../rules/lint/shell-in-image.md"),
    dockerfile: Some(check_dockerfile),
    image: Some(check_image),
};

fn check_dockerfile(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    let Some(stage) = cx.facts.final_stage() else {
        return;
    };
    let Some(holdings) = cx.facts.holdings(stage.index) else {
        return;
    };
    report(stage.from.span, &holdings.shells, findings);
}

const SHELLS: [&str; 10] = [
    "sh", "bash", "dash", "ash", "zsh", "ksh", "mksh", "fish", "csh", "tcsh",
];

fn check_image(cx: &ImageContext<'_>, findings: &mut Findings) {
    for (program, name) in cx.programs(&SHELLS) {
        findings.add(
            cx.at_file(name),
            format!("the shell `{program}` is in the image"),
        );
    }
}
