//! `pipe-without-pipefail`: a pipeline ignores failures of all but its last command.

use super::support::lines::heredoc_start;
use crate::dockerfile::shell::{ShellOptions, ShellPart};
use crate::dockerfile::{Command, Pipeline, ShellScript};
use crate::lint::facts::{Call, Run, ShellKind, Step};
use crate::lint::{Applicability, DockerfileContext, Edit, Findings, Fix, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "pipe-without-pipefail",
    page: include_str!("../../rules/lint/pipe-without-pipefail.md"),
    dockerfile: Some(check),
    image: None,
};

/// What does not fail, or whose failure nobody waits for: with `pipefail`, `yes | program` would
/// even begin to.
const HARMLESS: [&str; 6] = ["echo", "printf", "yes", "true", ":", "seq"];

/// How many pipelines of one script are looked at: each is compared with all that the script sets
/// before it.
const MOST_PIPELINES: usize = 200;

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for run in cx.facts.runs() {
        let step = &cx.facts.steps[run.step];
        let Some(script) = &run.script else { continue };
        let options = ShellOptions {
            pipefail: run.options.pipefail && run.shell.knows_pipefail(),
            ..run.options
        };
        let hides = |pipeline: &&Pipeline| {
            hides_a_failure(pipeline, run)
                && !is_mere_text(pipeline, script)
                && !script.options_at(pipeline, options).pipefail
        };
        let Some(pipeline) = script.pipelines.iter().take(MOST_PIPELINES).find(hides) else {
            continue;
        };
        let Some(pipe) = pipeline.pipes.first() else {
            continue;
        };
        let report = findings.add(
            *pipe,
            "only the last command of this pipeline can fail the build",
        );
        if let Some(fix) = fix(cx, run, step) {
            report.fix(fix);
        }
    }
}

/// Whether a command before the last can fail.
fn hides_a_failure(pipeline: &Pipeline, run: &Run<'_>) -> bool {
    let stages = pipeline
        .stages
        .split_last()
        .map(|(_, before)| before)
        .unwrap_or_default();
    if stages.len() < pipeline.pipes.len() {
        return true;
    }
    let call_of = |at: usize| {
        let call = run
            .calls
            .get(run.calls.partition_point(|call| call.command < Some(at)));
        call.filter(|call| call.command == Some(at))
    };
    if pipeline
        .stages
        .last()
        .and_then(|&last| call_of(last))
        .is_some_and(wants_input)
    {
        return false;
    }
    stages
        .iter()
        .any(|&at| call_of(at).is_none_or(|call| !HARMLESS.contains(&call.name.as_str())))
}

/// Whether a command fails where it is given nothing to read: `sha256sum -c` wants at least one
/// sum.
fn wants_input(call: &Call) -> bool {
    let is_sum = call.name.ends_with("sum") || call.name == "shasum";
    let checks = |word: &str| {
        word == "--check"
            || (word.starts_with('-') && !word.starts_with("--") && word.contains('c'))
    };
    is_sum && call.words().any(checks)
}

/// Whether a pipeline's output is part of another command's words: then nobody asks whether it
/// failed, with or without `pipefail`. That of `NAME=$(…)` is asked.
fn is_mere_text(pipeline: &Pipeline, script: &ShellScript) -> bool {
    let holds =
        |part: &ShellPart| matches!(part, ShellPart::Other(span) if span.contains(pipeline.span));
    let before = script
        .commands
        .iter()
        .take_while(|command| command.span.start <= pipeline.span.start);
    before
        .flat_map(|command| &command.words)
        .any(|word| word.parts.iter().any(holds))
}

/// A shell that knows pipefail is told of it in the script; where there is only dash, bash takes
/// over.
fn fix(cx: &DockerfileContext<'_>, run: &Run<'_>, step: &Step<'_>) -> Option<Fix> {
    let Command::Shell(script) = run.command else {
        return None;
    };
    let start = script.text.source_offset(0);
    if run.shell.knows_pipefail() {
        let is_heredoc = !step.instruction.heredocs.is_empty();
        let set = if is_heredoc {
            format!("set -o pipefail{}", cx.line_break())
        } else {
            "set -o pipefail && ".into()
        };
        let at = if is_heredoc {
            heredoc_start(cx, step, script.shebang.is_some())?
        } else {
            start
        };
        let edit = Edit {
            span: Span::at(at),
            replacement: set,
        };
        return Some(Fix::new(
            "set `pipefail`",
            Applicability::Unsafe,
            vec![edit],
        ));
    }
    let known = step.stage.and_then(|stage| cx.facts.stages[stage].known)?;
    let has_bash = run.shell == ShellKind::Dash && known.shells.iter().any(|shell| shell == "bash");
    if !has_bash || step.shell.set_by.is_some() || script.shebang.is_some() {
        return None;
    }
    let replacement = format!(
        "SHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]{}",
        cx.line_break()
    );
    let edit = Edit {
        span: Span::at(above_comments(cx, step.span.start)),
        replacement,
    };
    Some(Fix::new(
        "run this with `bash` and `pipefail`",
        Applicability::Unsafe,
        vec![edit],
    ))
}

/// The start of the line of `instruction`, or of the first of the comments that stand directly
/// above it: some of them hold for it, and must not come to hold for what is put in.
fn above_comments(cx: &DockerfileContext<'_>, instruction: usize) -> usize {
    let mut line = cx.source.line(instruction);
    let above = cx
        .dockerfile
        .comments
        .partition_point(|comment| comment.span.start < instruction);
    for comment in cx.dockerfile.comments[..above].iter().rev() {
        if cx.source.line(comment.span.start) + 1 != line {
            break;
        }
        line -= 1;
    }
    cx.source.line_span(line).start
}
