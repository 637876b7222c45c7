//! `shell-in-scratch`: a RUN needs a shell that nobody has put there.

use crate::dockerfile::{Body, Command, Kind};
use crate::lint::facts::Base;
use crate::lint::{Context, Findings, Rule};

pub(super) const RULE: Rule =
    Rule { name: "shell-in-scratch", page: include_str!("../../rules/lint/shell-in-scratch.md"), check };

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for run in cx.facts.runs() {
        let step = &cx.facts.steps[run.step];
        let Some(stage) = step.stage.filter(|_| !step.onbuild) else { continue };
        let is_scratch = cx.facts.ancestry(stage).last().is_some_and(|root| root.base == Base::Scratch);
        if !is_scratch || !matches!(&step.instruction.body, Body::Command(Command::Shell(_))) {
            continue;
        }
        // Files that came before may hold a shell, and so may a mount.
        let mut before = cx.facts.lineage(stage).filter(|other| other.index < step.index);
        let brings = |kind| matches!(kind, Kind::Add | Kind::Copy | Kind::Shell);
        if run.mounts.is_empty() && !before.any(|other| brings(other.kind())) {
            findings.add(step.instruction.keyword.span, "`RUN` needs `/bin/sh`, and `scratch` is empty");
        }
    }
}
