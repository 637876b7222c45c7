//! Pipelines that ignore failures of all but their last command.

use super::rewrite::{line_before, set_pipefail};
use super::selection::is_selected;
use super::{calls, downloaded_scripts};
use crate::dockerfile::shell::{ShellOptions, ShellPart};
use crate::dockerfile::{Body, Command, Pipeline, Script, ShellScript};
use crate::knowledge::ProgramClass;
use crate::lint::facts::{Base, Call, Run, ShellKind, Step};
use crate::lint::{Applicability, DockerfileContext, Findings, Fix};
use crate::source::Span;

/// The effect of a failure in a pipeline before its last command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rules) enum Failure {
    /// The build continues.
    Hidden,
    /// Hardly any: the last command fails as well, the failing command only reads files, or another
    /// rule reports the pipeline.
    Harmless,
}

/// Commands that do not fail, or whose failure does not matter. With `pipefail`, `yes | program`
/// would always fail, because `yes` is terminated by SIGPIPE.
const HARMLESS: [&str; 6] = ["echo", "printf", "yes", "true", ":", "seq"];

/// Maximum number of pipelines of a script that are checked. Each is compared with all options set
/// before it, so the total time is quadratic.
const MOST_PIPELINES: usize = 200;

/// Reports the first pipeline of each RUN in which a failure has the wanted effect. One finding is
/// enough, because the option applies to all pipelines.
pub(in crate::rules) fn report(
    cx: &DockerfileContext<'_>,
    findings: &mut Findings,
    wanted: Failure,
) {
    let mut switches = Switches::default();
    // Running a download in a shell is reported by another rule, and verifying the download solves
    // both problems.
    let are_scripts_reported = is_selected(cx, "download-piped-to-shell");
    for run in cx.facts.runs() {
        let Some(script) = &run.script else { continue };
        let Some((failure, pipeline)) = worst_pipeline(run, script, are_scripts_reported) else {
            continue;
        };
        // The finding is at the first `|`, after the command whose failure is ignored.
        if let Some(pipe) = pipeline.pipes.first()
            && failure == wanted
        {
            match failure {
                Failure::Hidden => {
                    report_hidden(cx, run, script, pipeline, &mut switches, findings);
                }
                Failure::Harmless => {
                    findings.add(*pipe, "`pipefail` is not set for this pipeline");
                }
            }
        }
    }
}

/// The first pipeline of a script that hides a failure, or else the first one in which a failure is
/// harmless.
fn worst_pipeline<'s>(
    run: &Run<'_>,
    script: &'s ShellScript,
    are_scripts_reported: bool,
) -> Option<(Failure, &'s Pipeline)> {
    let options = options(run);
    let mut harmless = None;
    for pipeline in script.pipelines.iter().take(MOST_PIPELINES) {
        if pipeline.may_fail {
            continue;
        }
        let failure = match failure(pipeline, run) {
            Some(Failure::Hidden)
                if are_scripts_reported
                    && downloaded_scripts::interpreter(run, pipeline).is_some() =>
            {
                Failure::Harmless
            }
            Some(failure) => failure,
            None => continue,
        };
        let is_reported = failure == Failure::Hidden || harmless.is_none();
        if !is_reported
            || is_substituted(pipeline, script)
            || script.options_at(pipeline, options).pipefail
        {
            continue;
        }
        match failure {
            Failure::Hidden => return Some((failure, pipeline)),
            Failure::Harmless => harmless = Some((failure, pipeline)),
        }
    }
    harmless
}

/// The options of the shell that runs a script. Regardless of SHELL, `pipefail` is only in effect
/// in shells that support it.
fn options(run: &Run<'_>) -> ShellOptions {
    ShellOptions {
        pipefail: run.options.pipefail && run.shell.knows_pipefail(),
        ..run.options
    }
}

/// Reports a pipeline that hides a failure, with a fix that sets `pipefail`.
fn report_hidden(
    cx: &DockerfileContext<'_>,
    run: &Run<'_>,
    script: &ShellScript,
    pipeline: &Pipeline,
    switches: &mut Switches,
    findings: &mut Findings,
) {
    let step = &cx.facts.steps[run.step];
    let Some(pipe) = pipeline.pipes.first() else {
        return;
    };
    let goes_on =
        !script.options_at(pipeline, options(run)).errexit && is_followed(cx, script, pipeline);
    // A heredoc that continues after any failure is covered by another rule.
    if goes_on && !step.instruction.heredocs.is_empty() {
        return;
    }
    let message = if goes_on {
        "failures in this pipeline are ignored: the script continues after it"
    } else {
        "only the last command of this pipeline can fail the build"
    };
    let report = findings.add(*pipe, message);
    // Another shell, `bash -c '…'`, does not inherit the option.
    if is_in_another_shell(script, pipeline.scope) {
        return;
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

/// Whether a pipeline is followed by a command that runs regardless of the pipeline's status.
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
    // A line continuation may precede the operator, or the end of a substitution or group.
    let operator = between.trim_start_matches(|c: char| c.is_whitespace() || "\\)}\"`".contains(c));
    !operator.starts_with("&&") && !operator.starts_with("||")
}

/// The effect of a failure before the last command; `None` if there is none, or if the last command
/// checks its input.
fn failure(pipeline: &Pipeline, run: &Run<'_>) -> Option<Failure> {
    let (last, before) = match pipeline.stages.split_last() {
        Some((&last, before)) => (calls::of_command(run, last), before),
        None if pipeline.pipes.is_empty() => return None,
        None => return Some(Failure::Hidden),
    };
    // A stage that is not a simple command, such as `{ …; }` or a loop, may contain anything.
    if before.len() < pipeline.pipes.len() {
        return Some(Failure::Hidden);
    }
    if last.is_some_and(checks_input) {
        return None;
    }
    let is_noticed = last.is_some_and(notices_end_of_input);
    let mut can_fail = false;
    for &command in before {
        let name = calls::of_command(run, command).map_or("", |call| call.name.as_str());
        if HARMLESS.contains(&name) {
            continue;
        }
        // Programs that read files rarely fail. If they do, as `ldd` does for a script, `pipefail`
        // would break a working build.
        if !is_noticed && !ProgramClass::Reader.contains(name) {
            return Some(Failure::Hidden);
        }
        can_fail = true;
    }
    if can_fail {
        Some(Failure::Harmless)
    } else {
        None
    }
}

/// Whether a command checks its input: `sha256sum -c` requires at least one sum, `grep` at least
/// one line.
fn checks_input(call: &Call) -> bool {
    match call.name.as_str() {
        "grep" | "egrep" | "fgrep" | "rg" | "read" => return true,
        "jq" => return has_option(call, 'e', "--exit-status"),
        _ => {}
    }
    let is_sum = call.name.ends_with("sum") || call.name == "shasum";
    is_sum && has_option(call, 'c', "--check")
}

/// Whether a command fails if its input is missing or incomplete, because it expects a compressed
/// archive or a key.
fn notices_end_of_input(call: &Call) -> bool {
    match call.name.as_str() {
        // BusyBox `xz` and `cpio` accept an empty input, so these are not listed.
        "gpg" | "gpg2" | "gunzip" | "zcat" => true,
        "apt-key" => call.words().any(|word| word == "add"),
        "gzip" => has_option(call, 'd', "--decompress"),
        "tar" | "gtar" => decompresses(call),
        _ => false,
    }
}

/// Whether `tar` decompresses its input: `tar xz`, `tar -xJf -`, `tar --gzip -x`. It accepts an
/// incomplete archive if that is not compressed.
fn decompresses(call: &Call) -> bool {
    const LONG: [&str; 8] = [
        "--bzip2", "--gunzip", "--gzip", "--lzma", "--lzip", "--ungzip", "--xz", "--zstd",
    ];
    call.words().enumerate().any(|(index, word)| {
        let options = match word.strip_prefix('-') {
            Some(_) if word.starts_with("--") => return LONG.contains(&word),
            // The text after `f` or `C` may be a file name: `-C/opt`.
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

/// Fixes that switch from dash to bash with a SHELL instruction.
#[derive(Default)]
struct Switches {
    /// One row per stage: the last instruction in it, or in a stage based on it, that prints
    /// something else in bash. Computed when the first fix is considered.
    last_escapes: Option<Vec<Option<usize>>>,
}

impl Switches {
    fn fix(&mut self, cx: &DockerfileContext<'_>, run: &Run<'_>, step: &Step<'_>) -> Option<Fix> {
        let stage = step.stage?;
        let known = cx.facts.stages[stage].known?;
        let has_bash =
            run.shell == ShellKind::Dash && known.shells.iter().any(|shell| shell == "bash");
        let has_shebang = matches!(run.command, Command::Shell(script) if script.shebang.is_some());
        // If there is a SHELL instruction or a `#!` line, the shell was chosen on purpose.
        if !has_bash || step.shell.set_by.is_some() || has_shebang {
            return None;
        }
        let last_escapes = self.last_escapes.get_or_insert_with(|| last_escapes(cx));
        if last_escapes[stage].is_some_and(|last| last >= step.index) {
            return None;
        }
        let shell = "SHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]";
        Some(Fix::new(
            "run this and all later shell-form instructions with `bash` and `pipefail`",
            Applicability::Unsafe,
            vec![line_before(cx, step, shell)],
        ))
    }
}

/// One row per stage: the last instruction in it, or in a stage that is based on it, whose script
/// relies on the `echo` of dash, which prints `\n` as a line break.
fn last_escapes(cx: &DockerfileContext<'_>) -> Vec<Option<usize>> {
    let stages = &cx.facts.stages;
    let mut last = vec![None; stages.len()];
    for step in &cx.facts.steps {
        if let Body::Command(Command::Shell(script)) = &step.instruction.body
            && let Some(stage) = step.stage
            && prints_escapes(script)
        {
            last[stage] = Some(step.index);
        }
    }
    // A stage can only be based on an earlier one, whose row is final once all later stages are
    // done.
    for stage in stages.iter().rev() {
        if let Base::Stage(base) = stage.base {
            last[base] = last[base].max(last[stage.index]);
        }
    }
    last
}

fn prints_escapes(script: &Script) -> bool {
    let text = script.text.as_str();
    // Up to the apparent end of the command.
    let mut commands = text.split("&&").flat_map(|list| list.split(['|', '\n']));
    commands.any(|command| {
        command
            .split_once("echo ")
            .is_some_and(|(_, printed)| printed.contains('\\'))
    })
}
