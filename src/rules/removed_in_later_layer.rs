//! `removed-in-later-layer`: a file is removed in a later layer than the one that adds it.

use std::collections::HashMap;

use super::support::copies::{copied_files, full};
use crate::lint::{DockerfileContext, Findings, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "removed-in-later-layer",
    page: include_str!("../../rules/lint/removed-in-later-layer.md"),
    dockerfile: Some(check),
    image: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for stage in &cx.facts.stages {
        // Only what becomes layers of the image counts, and its own stage is where both stand
        // mostly.
        if cx
            .facts
            .final_stage()
            .is_none_or(|last| last.index != stage.index)
        {
            continue;
        }
        let mut copied: HashMap<String, Span> = HashMap::new();
        for step in cx.facts.steps_of(stage).iter().filter(|step| !step.onbuild) {
            copied.extend(copied_files(cx.facts, step));
            let Some(run) = cx.facts.run_of(step) else {
                continue;
            };
            for call in run.calls.iter().filter(|call| call.name == "rm") {
                for argument in &call.arguments {
                    let Some(path) = argument.single().and_then(|path| full(step, path)) else {
                        continue;
                    };
                    if let Some(copy) = copied.remove(&path) {
                        findings
                            .add(
                                argument.span,
                                format!("`{path}` stays in the layer that added it"),
                            )
                            .label(copy, "copied here");
                    }
                }
            }
        }
    }
}
