//! `shell-in-scratch`: a RUN needs a shell in an image without one.

use crate::dockerfile::{Body, Command, Kind};
use crate::lint::facts::{Base, Step};
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "shell-in-scratch",
    page: include_str!("../../rules/lint/shell-in-scratch.md"),
    dockerfile: Some(check),
    image: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    // Per stage, whether there may be a shell at its end.
    let mut shells: Vec<bool> = Vec::with_capacity(cx.facts.stages.len());
    for stage in &cx.facts.stages {
        let mut has_shell = match stage.base {
            Base::Scratch => false,
            Base::Stage(at) => shells[at],
            Base::Image(_) => true,
        };
        for step in cx.facts.steps_of(stage) {
            // Files that came before may hold a shell, and so may a mount.
            has_shell |= matches!(step.kind(), Kind::Add | Kind::Copy | Kind::Shell);
            if !has_shell && needs_shell(step) {
                findings.add(
                    step.instruction.keyword.span,
                    "`RUN` needs `/bin/sh`, but `scratch` is empty",
                );
            }
        }
        shells.push(has_shell);
    }
}

fn needs_shell(step: &Step<'_>) -> bool {
    let is_script = matches!(&step.instruction.body, Body::Command(Command::Shell(_)));
    step.kind() == Kind::Run && is_script && !step.onbuild && step.flag("mount").is_none()
}
