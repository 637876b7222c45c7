//! `copy-from-empty-stage`: a COPY takes files from a stage that has none.

use crate::dockerfile::Kind;
use crate::lint::facts::{Base, Stage};
use crate::lint::{Context, Findings, Rule};

pub(super) const RULE: Rule =
    Rule { name: "copy-from-empty-stage", page: include_str!("../../rules/lint/copy-from-empty-stage.md"), check };

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for step in cx.facts.steps.iter().filter(|step| step.kind() == Kind::Copy && !step.onbuild) {
        let Some((word, name)) = step.copied_from() else { continue };
        let Some(stage) = cx.facts.source_stage(step, name).filter(|stage| is_empty(cx, stage)) else { continue };
        findings
            .add(word.span, format!("nothing has been put into the stage `{name}`, so the build stops here"))
            .label(stage.from.span, "it starts empty and stays so");
    }
}

/// From scratch, and nothing in the lineage that writes files.
fn is_empty(cx: &Context<'_>, stage: &Stage<'_>) -> bool {
    let writes = |kind| matches!(kind, Kind::Add | Kind::Copy | Kind::Run | Kind::Workdir | Kind::Unknown);
    cx.facts.ancestry(stage.index).last().is_some_and(|root| root.base == Base::Scratch)
        && !cx.facts.lineage(stage.index).any(|step| writes(step.kind()))
}
