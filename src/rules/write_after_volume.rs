//! `write-after-volume`: files are written to a volume after its declaration.

use super::support::copies::full;
use crate::dockerfile::{Body, Kind};
use crate::lint::facts::{Call, Run, Step};
use crate::lint::{DockerfileContext, Findings, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "write-after-volume",
    page: include_str!("../../rules/lint/write-after-volume.md"),
    dockerfile: Some(check),
    image: None,
};

/// Programs that change the files they are given.
const WRITERS: [&str; 12] = [
    "mkdir", "chown", "chmod", "chgrp", "touch", "cp", "mv", "install", "ln", "tee", "rm", "rsync",
];

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for stage in &cx.facts.stages {
        let mut volumes: Vec<(String, Span)> = Vec::new();
        for step in cx.facts.steps_of(stage).iter().filter(|step| !step.onbuild) {
            if let (Kind::Volume, Body::Words { words, .. }) = (step.kind(), &step.instruction.body)
            {
                let path = |word| full(step, &cx.facts.expand(step, word)?);
                volumes.extend(
                    words
                        .iter()
                        .filter_map(|word| Some((path(word)?, word.span))),
                );
            } else if !volumes.is_empty() {
                report(cx, step, &volumes, findings);
            }
        }
    }
}

fn report(
    cx: &DockerfileContext<'_>,
    step: &Step<'_>,
    volumes: &[(String, Span)],
    findings: &mut Findings,
) {
    for (path, span) in written(cx, step) {
        let below = |volume: &str| {
            path == volume
                || path
                    .strip_prefix(volume)
                    .is_some_and(|rest| rest.starts_with('/'))
        };
        if let Some((volume, declared)) = volumes.iter().find(|(volume, _)| below(volume)) {
            findings
                .add(
                    span,
                    format!(
                        "`{volume}` is already a volume: some builders discard files written to it"
                    ),
                )
                .label(*declared, "declared here");
            return;
        }
    }
}

/// The absolute paths that a step writes to, as far as they can be read.
fn written(cx: &DockerfileContext<'_>, step: &Step<'_>) -> Vec<(String, Span)> {
    match &step.instruction.body {
        Body::Transfer { destination, .. } => {
            let path = cx
                .facts
                .expand(step, destination)
                .and_then(|to| full(step, &to));
            path.map(|path| (path, destination.span))
                .into_iter()
                .collect()
        }
        _ => cx
            .facts
            .run_of(step)
            .map(|run| written_by(step, run))
            .unwrap_or_default(),
    }
}

fn written_by(step: &Step<'_>, run: &Run<'_>) -> Vec<(String, Span)> {
    let absolute = |path: &str| path.starts_with('/').then(|| full(step, path)).flatten();
    let is_writer = |call: &&Call| WRITERS.contains(&call.name.as_str());
    let arguments = run.calls.iter().filter(is_writer).flat_map(|call| {
        // Of what is copied only the last is written.
        let only_last = matches!(call.name.as_str(), "cp" | "mv" | "install" | "ln" | "rsync");
        call.arguments.iter().skip(if only_last {
            call.arguments.len().saturating_sub(1)
        } else {
            0
        })
    });
    let named =
        arguments.filter_map(|argument| Some((absolute(argument.single()?)?, argument.span)));
    let redirections = run.script.iter().flat_map(|script| &script.redirections);
    let redirected = redirections
        .filter(|redirection| redirection.operator.contains('>'))
        .filter_map(|redirection| {
            let target = redirection.target.as_ref()?;
            Some((absolute(target.literal()?)?, target.span))
        });
    named.chain(redirected).collect()
}
