//! `pipe-without-pipefail`: a pipeline ignores failures of all but its last command.

use super::support::calls;
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

/// Commands that do not fail, or whose failure does not matter. With `pipefail`, `yes | program`
/// would always fail, because `yes` is terminated by SIGPIPE.
const HARMLESS: [&str; 6] = ["echo", "printf", "yes", "true", ":", "seq"];

/// Maximum number of pipelines of a script that are checked. Each is compared with all options set
/// before it, so the total time is quadratic.
const MOST_PIPELINES: usize = 200;

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for run in cx.facts.runs() {
        let step = &cx.facts.steps[run.step];
        let Some(script) = &run.script else { continue };
        // Regardless of SHELL, the option is only in effect in shells that support it.
        let options = ShellOptions {
            pipefail: run.options.pipefail && run.shell.knows_pipefail(),
            ..run.options
        };
        // One finding per RUN, because the option applies to all its pipelines.
        let mut pipelines = script.pipelines.iter().take(MOST_PIPELINES);
        let Some(pipeline) = pipelines.find(|pipeline| {
            hides_a_failure(pipeline, run)
                && !is_substituted(pipeline, script)
                && !script.options_at(pipeline, options).pipefail
        }) else {
            continue;
        };
        // The finding is at the first `|`, after the command whose failure is ignored.
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
    let Some((&last, before)) = pipeline.stages.split_last() else {
        return !pipeline.pipes.is_empty();
    };
    // A stage that is not a simple command, such as `{ …; }` or a loop, may contain anything.
    if before.len() < pipeline.pipes.len() {
        return true;
    }
    if calls::of_command(run, last).is_some_and(fails_without_input) {
        return false;
    }
    before.iter().any(|&command| {
        calls::of_command(run, command).is_none_or(|call| !HARMLESS.contains(&call.name.as_str()))
    })
}

/// Whether a command fails if it gets no input: `sha256sum -c` requires at least one sum.
fn fails_without_input(call: &Call) -> bool {
    let is_sum = call.name.ends_with("sum") || call.name == "shasum";
    is_sum
        && call.words().any(|word| {
            let is_bundle = word.starts_with('-') && !word.starts_with("--");
            word == "--check" || is_bundle && word.contains('c')
        })
}

/// Whether the output of a pipeline is part of another command's arguments, whose status the shell
/// ignores with or without `pipefail`. An assignment (`NAME=$(…)`) does use the status.
fn is_substituted(pipeline: &Pipeline, script: &ShellScript) -> bool {
    let before = script
        .commands
        .iter()
        .take_while(|command| command.span.start <= pipeline.span.start);
    let mut parts = before
        .flat_map(|command| &command.words)
        .flat_map(|word| &word.parts);
    parts.any(|part| matches!(part, ShellPart::Other(span) if span.contains(pipeline.span)))
}

/// Sets `pipefail` in the script, or, if only dash is used, switches to bash.
fn fix(cx: &DockerfileContext<'_>, run: &Run<'_>, step: &Step<'_>) -> Option<Fix> {
    let Command::Shell(script) = run.command else {
        return None;
    };
    if run.shell.knows_pipefail() {
        let edit = if step.instruction.heredocs.is_empty() {
            Edit {
                span: Span::at(script.text.source_offset(0)),
                replacement: "set -o pipefail && ".to_owned(),
            }
        } else {
            let start = heredoc_start(cx, step, script.shebang.is_some())?;
            Edit {
                span: Span::at(start),
                replacement: format!("set -o pipefail{}", cx.line_break()),
            }
        };
        return Some(Fix::new(
            "set `pipefail`",
            Applicability::Unsafe,
            vec![edit],
        ));
    }
    let known = step.stage.and_then(|stage| cx.facts.stages[stage].known)?;
    let has_bash = run.shell == ShellKind::Dash && known.shells.iter().any(|shell| shell == "bash");
    // The SHELL instruction or `#!` line was chosen on purpose.
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

/// The start of an instruction with the comments directly above it. Some comments configure a
/// linter for the next instruction; that must not become the inserted one.
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
