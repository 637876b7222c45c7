//! `write-after-volume`: files are written to a volume after its declaration.

use super::support::copies::absolute_path;
use crate::dockerfile::{Body, Kind};
use crate::lint::facts::{Run, Step};
use crate::lint::{DockerfileContext, Findings, Rule};
use crate::paths::is_at_or_below;
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "write-after-volume",
    page: include_str!("../../rules/lint/write-after-volume.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

/// Programs that change the files in their arguments.
const WRITERS: [&str; 12] = [
    "mkdir", "chown", "chmod", "chgrp", "touch", "cp", "mv", "install", "ln", "tee", "rm", "rsync",
];

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    // Volumes of a base image are unknown, and those of another stage have no effect here.
    for stage in &cx.facts.stages {
        let mut volumes: Vec<(String, Span)> = Vec::new();
        for step in cx.facts.steps_of(stage).iter().filter(|step| !step.onbuild) {
            if let (Kind::Volume, Body::Words { words, .. }) = (step.kind(), &step.instruction.body)
            {
                for word in words {
                    let path = cx.facts.expand(step, word);
                    if let Some(path) = path.and_then(|path| absolute_path(step, &path)) {
                        volumes.push((path, word.span));
                    }
                }
            } else if !volumes.is_empty() {
                report(cx, step, &volumes, findings);
            }
        }
    }
}

/// Reports a step that writes to a volume, once.
fn report(
    cx: &DockerfileContext<'_>,
    step: &Step<'_>,
    volumes: &[(String, Span)],
    findings: &mut Findings,
) {
    for (path, span) in written(cx, step) {
        let mut declared = volumes.iter();
        if let Some((volume, declared)) = declared.find(|(volume, _)| is_at_or_below(&path, volume))
        {
            let message = format!("some builders discard changes to volume `{volume}`");
            findings
                .add(span, message)
                .label(*declared, "declared here");
            return;
        }
    }
}

/// The absolute paths that a step writes to, as far as they are known.
fn written(cx: &DockerfileContext<'_>, step: &Step<'_>) -> Vec<(String, Span)> {
    if let Some(destination) = step.instruction.body.destination() {
        let to = cx.facts.expand(step, destination);
        return match to.and_then(|to| absolute_path(step, &to)) {
            Some(path) => vec![(path, destination.span)],
            None => Vec::new(),
        };
    }
    match cx.facts.run_of(step) {
        Some(run) => written_by_run(step, run),
        None => Vec::new(),
    }
}

/// The absolute paths that the commands and redirections of a RUN write to.
fn written_by_run(step: &Step<'_>, run: &Run<'_>) -> Vec<(String, Span)> {
    let mut words: Vec<(&str, Span)> = Vec::new();
    for call in &run.calls {
        if !WRITERS.contains(&call.name.as_str()) {
            continue;
        }
        // These only write to the last operand.
        let only_last = matches!(call.name.as_str(), "cp" | "mv" | "install" | "ln" | "rsync");
        let skipped = if only_last {
            call.arguments.len().saturating_sub(1)
        } else {
            0
        };
        for argument in call.arguments.iter().skip(skipped) {
            words.extend(argument.single().map(|word| (word, argument.span)));
        }
    }
    for redirection in run.script.iter().flat_map(|script| &script.redirections) {
        if redirection.operator.contains('>')
            && let Some(target) = &redirection.target
            && let Some(word) = target.literal()
        {
            words.push((word, target.span));
        }
    }
    let mut paths = Vec::new();
    for (word, span) in words {
        // After a `cd`, a relative path may be anywhere.
        if word.starts_with('/')
            && let Some(path) = absolute_path(step, word)
        {
            paths.push((path, span));
        }
    }
    paths
}
