//! `pipe-without-pipefail`: a pipeline ignores failures of all but its last command.

use super::support::calls;
use super::support::downloaded_scripts;
use super::support::rewrite::{line_before, set_pipefail};
use super::support::selection::is_selected;
use crate::dockerfile::shell::{ShellOptions, ShellPart};
use crate::dockerfile::{Body, Command, Pipeline, Script, ShellScript};
use crate::knowledge::ProgramClass;
use crate::lint::facts::{Call, Facts, Run, ShellKind, Step};
use crate::lint::{Applicability, DockerfileContext, Findings, Fix, Rule};
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
    let mut switches = Switches::default();
    // A download that a shell runs is one problem, and verifying it solves both.
    let are_scripts_reported = is_selected(cx, "download-piped-to-shell");
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
            !pipeline.may_fail
                && hides_a_failure(pipeline, run)
                && !is_substituted(pipeline, script)
                && !(are_scripts_reported
                    && downloaded_scripts::interpreter(run, pipeline).is_some())
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
        // Another shell, `bash -c '…'`, does not inherit the option.
        if is_in_another_shell(script, pipeline.scope) {
            continue;
        }
        if run.shell.knows_pipefail() {
            if let Some(edit) = set_pipefail(cx, run) {
                report.fix(Fix::new(
                    "set `pipefail`",
                    Applicability::Unsafe,
                    vec![edit],
                ));
            }
        } else if let Some(fix) = switches.fix(cx, run, step) {
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
        calls::of_command(run, command).is_none_or(|call| {
            // Programs that read files hardly ever fail. Where they do, as `ldd` does for a script,
            // `pipefail` would break a build that works.
            !HARMLESS.contains(&call.name.as_str()) && !ProgramClass::Reader.contains(&call.name)
        })
    })
}

/// Whether a command fails if its input is missing or breaks off: `sha256sum -c` requires at least
/// one sum, `grep` at least one line, and a compressed archive its end.
fn fails_without_input(call: &Call) -> bool {
    match call.name.as_str() {
        "grep" | "egrep" | "fgrep" | "rg" | "read" => return true,
        "jq" => return has_option(call, 'e', "--exit-status"),
        // Both need a key, a signature or a message to read.
        "gpg" | "gpg2" => return true,
        "apt-key" => return call.words().any(|word| word == "add"),
        // BusyBox `xz` and `cpio` accept an empty input, so these are not listed.
        "gunzip" | "zcat" => return true,
        "gzip" => return has_option(call, 'd', "--decompress"),
        "tar" | "gtar" => return decompresses(call),
        _ => {}
    }
    let is_sum = call.name.ends_with("sum") || call.name == "shasum";
    is_sum && has_option(call, 'c', "--check")
}

/// Whether `tar` decompresses its input: `tar xz`, `tar -xJf -`, `tar --gzip -x`. Of an archive
/// that is not compressed, it accepts a part.
fn decompresses(call: &Call) -> bool {
    const LONG: [&str; 8] = [
        "--bzip2", "--gunzip", "--gzip", "--lzma", "--lzip", "--ungzip", "--xz", "--zstd",
    ];
    call.words().enumerate().any(|(index, word)| {
        let options = match word.strip_prefix('-') {
            Some(_) if word.starts_with("--") => return LONG.contains(&word),
            // What follows `f` or `C` may be a file name: `-C/opt`.
            Some(letters) => letters.split(['f', 'C']).next().unwrap_or_default(),
            // The first word may be a bundle of options without a dash, whose values come later.
            None if index == 0 => word,
            None => return false,
        };
        options.contains(['j', 'J', 'z', 'Z'])
    })
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

/// Whether a scope of a script is the text of another shell, or part of it.
fn is_in_another_shell(script: &ShellScript, scope: usize) -> bool {
    let mut scopes = std::iter::successors(script.scopes.get(scope), |scope| {
        script.scopes.get(scope.parent?)
    });
    scopes.any(|scope| scope.started_by.is_some())
}

/// The fixes that switch to bash by a SHELL, for scripts of dash.
#[derive(Default)]
struct Switches<'a> {
    /// The scripts that print something else in bash; read when the first fix is considered.
    escapes: Option<Vec<&'a Step<'a>>>,
}

impl<'a> Switches<'a> {
    fn fix(&mut self, cx: &DockerfileContext<'a>, run: &Run<'_>, step: &Step<'_>) -> Option<Fix> {
        let stage = step.stage?;
        let known = cx.facts.stages[stage].known?;
        let has_bash =
            run.shell == ShellKind::Dash && known.shells.iter().any(|shell| shell == "bash");
        let has_shebang = matches!(run.command, Command::Shell(script) if script.shebang.is_some());
        // A SHELL instruction or a `#!` line was chosen on purpose.
        if !has_bash || step.shell.set_by.is_some() || has_shebang {
            return None;
        }
        let escapes = self.escapes.get_or_insert_with(|| scripts_with_escapes(cx));
        let changes_output = escapes.iter().any(|other| {
            other.index >= step.index
                && other
                    .stage
                    .is_some_and(|other| is_based_on(cx.facts, other, stage))
        });
        if changes_output {
            return None;
        }
        let shell = "SHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]";
        Some(Fix::new(
            "run this and all later shell forms with `bash` and `pipefail`",
            Applicability::Unsafe,
            vec![line_before(cx, step, shell)],
        ))
    }
}

/// Whether a stage is another one or based on it.
fn is_based_on(facts: &Facts<'_>, stage: usize, base: usize) -> bool {
    facts.ancestry(stage).any(|stage| stage.index == base)
}

/// The instructions with a script that relies on the `echo` of dash, which prints `\n` as a line
/// break.
fn scripts_with_escapes<'a>(cx: &DockerfileContext<'a>) -> Vec<&'a Step<'a>> {
    let mut steps = Vec::new();
    for step in &cx.facts.steps {
        if let Body::Command(Command::Shell(script)) = &step.instruction.body
            && prints_escapes(script)
        {
            steps.push(step);
        }
    }
    steps
}

fn prints_escapes(script: &Script) -> bool {
    let text = script.text.as_str();
    // Up to the end of the command, or of what looks like it.
    let mut commands = text.split("&&").flat_map(|list| list.split(['|', '\n']));
    commands.any(|command| {
        command
            .split_once("echo ")
            .is_some_and(|(_, printed)| printed.contains('\\'))
    })
}
