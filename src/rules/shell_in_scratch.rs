//! `shell-in-scratch`: a RUN needs a shell in an image without one.

use crate::dockerfile::{Body, Command, Kind};
use crate::lint::facts::{Base, Step};
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "shell-in-scratch",
    page: include_str!("../../rules/lint/shell-in-scratch.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    // Whether each stage may contain a shell at its end.
    let mut shells: Vec<bool> = Vec::with_capacity(cx.facts.stages.len());
    for stage in &cx.facts.stages {
        let mut has_shell = match stage.base {
            Base::Scratch => false,
            Base::Stage(base) => shells[base],
            // Whether an image has no shell is only known from its name, if at all.
            Base::Image(_) => true,
        };
        for step in cx.facts.steps_of(stage) {
            // Copied files may contain a shell, and SHELL may set another one.
            has_shell |= matches!(step.kind(), Kind::Add | Kind::Copy | Kind::Shell);
            if !has_shell && needs_shell(step) {
                let message = "`RUN` needs `/bin/sh`, but `scratch` is empty";
                findings.add(step.instruction.keyword.span, message);
            }
        }
        shells.push(has_shell);
    }
}

/// Whether a step is a RUN in shell form. A mount may contain the shell.
fn needs_shell(step: &Step<'_>) -> bool {
    let is_script = matches!(&step.instruction.body, Body::Command(Command::Shell(_)));
    step.kind() == Kind::Run && is_script && !step.onbuild && step.flag("mount").is_none()
}
