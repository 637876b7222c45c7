//! `entrypoint-without-exec`: an entry script does not `exec` the program.

use crate::dockerfile::shell::parse_text;
use crate::dockerfile::{Body, Command, CopySource, Kind, SimpleCommand};
use crate::knowledge::ProgramClass;
use crate::lint::facts::{ShellKind, Stage, Step};
use crate::lint::{DockerfileContext, Findings, Rule};
use crate::paths::file_name;
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "entrypoint-without-exec",
    page: include_str!("../../rules/lint/entrypoint-without-exec.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

/// Final commands of scripts that do not start the program of the container.
const ENDINGS: [&str; 9] = [
    "exec", "wait", "exit", "true", "echo", "printf", "fi", "done", "return",
];

/// Maximum number of steps that are searched for the script of an entry point. Without a limit, a
/// file with many stages would take quadratic time.
const MOST_STEPS: usize = 1000;

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for stage in &cx.facts.stages {
        for kind in [Kind::Entrypoint, Kind::Cmd] {
            // If there are several, only the last one has an effect.
            let last = cx
                .facts
                .steps_of(stage)
                .iter()
                .rfind(|step| step.kind() == kind && !step.onbuild);
            if let Some(step) = last {
                check_command(cx, stage, step, findings);
            }
        }
    }
}

/// Checks the script that an ENTRYPOINT or CMD in exec form starts. The shell form is checked by
/// other rules.
fn check_command(
    cx: &DockerfileContext<'_>,
    stage: &Stage<'_>,
    step: &Step<'_>,
    findings: &mut Findings,
) {
    let Body::Command(Command::Exec(words)) = &step.instruction.body else {
        return;
    };
    let Some(program) = words.first() else {
        return;
    };
    let name = file_name(&program.value);
    // `sh -c SCRIPT`, with other options before the `c` of `-ec`.
    if ProgramClass::PosixShell.contains(name)
        && words
            .get(1)
            .is_some_and(|option| option.value.starts_with('-') && option.value.ends_with('c'))
    {
        if let Some(text) = words.get(2)
            && !is_replaced(name, step)
            && runs_program_as_child(&text.value)
        {
            let message = "the shell keeps running and does not forward signals to the program";
            findings.add(text.span, message);
        }
        return;
    }
    if let Some((text, span)) = written_script(cx, stage, step, &program.value)
        && runs_program_as_child(text)
    {
        let message = format!("`{name}` keeps running and does not forward signals to the program");
        findings
            .add(program.span, message)
            .label(span, "script written here");
    }
}

/// Whether a shell is replaced by the last command of the script in its arguments. bash has done
/// this since version 5.1, and BusyBox always has.
fn is_replaced(name: &str, step: &Step<'_>) -> bool {
    match name {
        "ash" | "bash" => true,
        "sh" => {
            step.shell.set_by.is_none()
                && matches!(step.shell.kind, ShellKind::Ash | ShellKind::Bash)
        }
        _ => false,
    }
}

/// The shell script that a COPY heredoc writes to a path, with the location of the heredoc.
fn written_script<'c>(
    cx: &DockerfileContext<'c>,
    stage: &Stage<'_>,
    by: &Step<'_>,
    path: &str,
) -> Option<(&'c str, Span)> {
    for step in cx.facts.lineage(stage.index).take(MOST_STEPS) {
        if step.index < by.index
            && let Some(script) = script_at(cx, step, path)
        {
            return Some(script);
        }
    }
    None
}

/// The shell script that a step writes to a path with a heredoc.
fn script_at<'c>(
    cx: &DockerfileContext<'c>,
    step: &Step<'_>,
    path: &str,
) -> Option<(&'c str, Span)> {
    let Body::Transfer {
        sources,
        destination,
        ..
    } = &step.instruction.body
    else {
        return None;
    };
    let (Kind::Copy, [CopySource::Heredoc(index)]) = (step.kind(), sources.as_slice()) else {
        return None;
    };
    let heredoc = step.instruction.heredocs.get(*index)?;
    let to = cx.facts.expand(step, destination)?;
    // In a directory, the file is named after the delimiter of the heredoc.
    let is_written = match to.strip_suffix('/') {
        Some(directory) => path == format!("{directory}/{}", heredoc.name),
        None => to == path,
    };
    let text = cx.source.slice(heredoc.body);
    let interpreter = text.strip_prefix("#!")?.lines().next()?;
    // `#!/usr/bin/env bash` has the shell as its second word.
    let is_shell = interpreter
        .split(['/', ' '])
        .any(|word| ProgramClass::PosixShell.contains(word));
    if !is_written || !is_shell {
        return None;
    }
    Some((text, heredoc.opener))
}

/// Whether a script does other work first and then runs its last command as a child.
fn runs_program_as_child(text: &str) -> bool {
    let script = parse_text(text);
    if !script.errors.is_empty() {
        return false;
    }
    let outer: Vec<&SimpleCommand> = script
        .commands
        .iter()
        .filter(|command| !command.position.subshell && !command.words.is_empty())
        .collect();
    // A shell that runs a single command is replaced by it.
    let Some((last, [_, ..])) = outer.split_last() else {
        return false;
    };
    // A script with `trap` forwards signals itself, and one that starts jobs waits for them.
    let handles_signals = outer
        .iter()
        .any(|command| matches!(first_word(command), Some("exec" | "trap")));
    let background = text.contains("& ") && !text.contains("&& ") || text.trim_end().ends_with('&');
    let name = first_word(last).unwrap_or("$");
    !handles_signals && !background && !ENDINGS.contains(&name)
}

/// The name of a command, if it is a literal.
fn first_word(command: &SimpleCommand) -> Option<&str> {
    command.words.first().and_then(|word| word.literal())
}
