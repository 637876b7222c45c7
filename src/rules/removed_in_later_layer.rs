//! `removed-in-later-layer`: a file is removed in a later layer than the one that adds it.

use std::collections::HashMap;

use super::support::copies::{absolute_path, copied_files};
use crate::lint::facts::Step;
use crate::lint::{DockerfileContext, Findings, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "removed-in-later-layer",
    page: include_str!("../../rules/lint/removed-in-later-layer.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    // Only the layers of the final stage, and of those that it is built on, become part of the
    // image.
    let Some(stage) = cx.facts.final_stage() else {
        return;
    };
    let mut steps: Vec<&Step<'_>> = cx.facts.lineage(stage.index).collect();
    steps.reverse();
    let mut copied: HashMap<String, Span> = HashMap::new();
    for step in steps.into_iter().filter(|step| !step.onbuild) {
        copied.extend(copied_files(cx.facts, step));
        let Some(run) = cx.facts.run_of(step) else {
            continue;
        };
        let removals = run.calls.iter().filter(|call| call.name == "rm");
        for argument in removals.flat_map(|call| &call.arguments) {
            let path = argument.single().and_then(|path| absolute_path(step, path));
            let Some(path) = path else { continue };
            // A file that is copied again later is a different file.
            if let Some(copy) = copied.remove(&path) {
                let message = format!("`{path}` remains in the layer that added it");
                findings
                    .add(argument.span, message)
                    .label(copy, "copied here");
            }
        }
    }
}
