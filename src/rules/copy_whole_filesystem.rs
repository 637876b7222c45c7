//! `copy-whole-filesystem`: a COPY lays one file system over another.

use crate::dockerfile::{Body, Kind, Place};
use crate::lint::facts::Base;
use crate::lint::{Context, Findings, Rule};

pub(super) const RULE: Rule =
    Rule { name: "copy-whole-filesystem", page: include_str!("../../rules/lint/copy-whole-filesystem.md"), check };

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for step in cx.facts.steps.iter().filter(|step| step.kind() == Kind::Copy && step.flag("from").is_some()) {
        let Body::Transfer { sources, destination, .. } = &step.instruction.body else { continue };
        let root = sources.iter().find_map(|place| match place {
            Place::Path(word) if word.literal() == Some("/") => Some(word),
            _ => None,
        });
        // Into an empty image, it is the way to have one layer of several.
        let is_scratch = step.stage.is_some_and(|stage| cx.facts.stages[stage].base == Base::Scratch);
        if let Some(root) = root.filter(|_| destination.literal() == Some("/") && !is_scratch) {
            let span = root.span.to(destination.span);
            findings.add(span, "all files of one image are laid over those of another");
        }
    }
}
