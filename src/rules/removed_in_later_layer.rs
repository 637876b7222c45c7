//! `removed-in-later-layer`: what one layer brings another deletes, and the image has it still.

use std::collections::HashMap;

use crate::dockerfile::{Body, Kind, Place};
use crate::lint::facts::{Facts, Step};
use crate::lint::{Context, Findings, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "removed-in-later-layer",
    page: include_str!("../../rules/lint/removed-in-later-layer.md"),
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
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
                                format!("`{path}` stays in the layer that brought it"),
                            )
                            .label(copy, "it is copied here");
                    }
                }
            }
        }
    }
}

/// The paths of the files that a COPY or ADD of single files makes; of what is a folder only its
/// name is known.
pub(super) fn copied_files(facts: &Facts<'_>, step: &Step<'_>) -> Vec<(String, Span)> {
    let Body::Transfer {
        sources,
        destination,
        ..
    } = &step.instruction.body
    else {
        return Vec::new();
    };
    if !matches!(step.kind(), Kind::Copy | Kind::Add) {
        return Vec::new();
    }
    let Some(to) = facts
        .expand(step, destination)
        .and_then(|to| Some((full(step, &to)?, to)))
    else {
        return Vec::new();
    };
    let (folder, written) = to;
    let into_folder =
        written.ends_with('/') || matches!(written.as_str(), "." | "./") || sources.len() > 1;
    let path = |source: &Place| {
        let Place::Path(word) = source else {
            return None;
        };
        let from = facts.expand(step, word)?;
        let name = from
            .split(['?', '#'])
            .next()?
            .trim_end_matches('/')
            .rsplit('/')
            .next()?
            .to_owned();
        let known =
            !name.is_empty() && !name.contains(['*', '?', '[']) && name != "." && name != "..";
        known.then(|| format!("{}/{name}", folder.trim_end_matches('/')))
    };
    let mut paths: Vec<String> = sources.iter().filter_map(path).collect();
    if !into_folder {
        // The destination is the file, or a folder that is there already.
        paths.push(folder);
    }
    paths.into_iter().map(|path| (path, step.span)).collect()
}

/// The absolute path, without `.` and a `/` at its end.
pub(super) fn full(step: &Step<'_>, path: &str) -> Option<String> {
    let from = step.workdir.path.as_deref();
    let path = if path.starts_with('/') {
        path.to_owned()
    } else {
        format!("{}/{path}", from?.trim_end_matches('/'))
    };
    let parts: Vec<&str> = path
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".")
        .collect();
    (!parts.contains(&"..") && !path.starts_with("/-")).then(|| format!("/{}", parts.join("/")))
}
