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
/// would even start to fail: `yes` ends by SIGPIPE.
const HARMLESS: [&str; 6] = ["echo", "printf", "yes", "true", ":", "seq"];

/// The number of pipelines of one script that are checked. Each is compared with all options that
/// the script sets before it, so more would take quadratic time.
const MOST_PIPELINES: usize = 200;

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for run in cx.facts.runs() {
        let step = &cx.facts.steps[run.step];
        let Some(script) = &run.script else { continue };
        // Whatever SHELL says, only shells that know the option have it in effect.
        let options = ShellOptions {
            pipefail: run.options.pipefail && run.shell.knows_pipefail(),
            ..run.options
        };
        // One finding for each RUN: setting the option once helps all its pipelines.
        let mut pipelines = script.pipelines.iter().take(MOST_PIPELINES);
        let Some(pipeline) = pipelines.find(|pipeline| {
            !pipeline.may_fail
                && hides_a_failure(pipeline, run)
                && !is_substituted(pipeline, script)
                && !script.options_at(pipeline, options).pipefail
        }) else {
            continue;
        };
        // The finding is at the first `|`, after the command whose failure is ignored.
        let Some(pipe) = pipeline.pipes.first() else {
            continue;
        };
        let goes_on =
            !script.options_at(pipeline, options).errexit && is_followed(cx, script, pipeline);
        // A heredoc that goes on after any failure has a rule of its own.
        if goes_on && !step.instruction.heredocs.is_empty() {
            continue;
        }
        let message = if goes_on {
            "failures in this pipeline are ignored: the script continues after it"
        } else {
            "only the last command of this pipeline can fail the build"
        };
        let report = findings.add(*pipe, message);
        if let Some(fix) = fix(cx, run, step) {
            report.fix(fix);
        }
    }
}

/// Whether a command follows a pipeline, whatever the status of that is.
fn is_followed(cx: &DockerfileContext<'_>, script: &ShellScript, pipeline: &Pipeline) -> bool {
    let next = script
        .commands
        .iter()
        .find(|command| pipeline.span.end <= command.span.start);
    let Some(next) = next else { return false };
    let between = cx
        .source
        .slice(Span::new(pipeline.span.end, next.span.start))
        .trim_start();
    // A line continuation may stand before the operator, or the end of a substitution or a group.
    let operator = between.trim_start_matches(|c: char| c.is_whitespace() || "\\)}\"`".contains(c));
    !operator.starts_with("&&") && !operator.starts_with("||")
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

/// Whether a command fails if it gets no input: `sha256sum -c` requires at least one sum, `grep` at
/// least one line.
fn fails_without_input(call: &Call) -> bool {
    match call.name.as_str() {
        "grep" | "egrep" | "fgrep" | "rg" | "read" => return true,
        "jq" => return has_option(call, 'e', "--exit-status"),
        _ => {}
    }
    let is_sum = call.name.ends_with("sum") || call.name == "shasum";
    is_sum && has_option(call, 'c', "--check")
}

/// Whether a call has an option, by its letter or by its long name.
fn has_option(call: &Call, letter: char, long: &str) -> bool {
    call.words().any(|word| {
        let is_bundle = word.starts_with('-') && !word.starts_with("--");
        word == long || is_bundle && word.contains(letter)
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
    // A SHELL instruction or a `#!` line was chosen on purpose.
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
/// linter for the next instruction, which must not become the inserted one.
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
