//! `shell-form-entrypoint`: a shell starts the program and does not forward signals.

use super::support::exec_form_edit::as_exec_form;
use super::support::steps::of_kind;
use super::support::trailing_comments::comment_after_array;
use crate::dockerfile::{Body, Command, Kind, Script, shell};
use crate::lint::facts::{Base, Facts, ShellKind, Step, exec_form, is_builtin};
use crate::lint::{Applicability, DockerfileContext, Edit, Findings, Fix, Rule, Severity};

pub(super) const RULE: Rule = Rule {
    name: "shell-form-entrypoint",
    page: include_str!("../../rules/lint/shell-form-entrypoint.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    let entrypoints = stages_with_an_entrypoint(cx.facts);
    let commands = stages_with_a_command(cx.facts);
    for step in of_kind(cx, &[Kind::Cmd, Kind::Entrypoint]) {
        let Body::Command(Command::Shell(script)) = &step.instruction.body else {
            continue;
        };
        // `["app"] # comment` is the exec form, once `broken-json-form` is fixed.
        if comment_after_array(step).is_some() {
            continue;
        }
        // After a SHELL instruction, the shell is intended. With `exec`, the program replaces it.
        if step.shell.set_by.is_some() || replaces_shell(script) {
            continue;
        }
        let keyword = step.instruction.keyword.kind.name();
        let report = if !is_replaced(step, script) {
            // The shell of an unknown base image may replace itself with the command.
            let verb = if step.shell.kind == ShellKind::Posix {
                "might not"
            } else {
                "does not"
            };
            let message = format!("shell-form `{keyword}` {verb} forward signals");
            findings.add(step.instruction.span, message)
        } else if exec_form(script).is_some() {
            let message = format!("shell-form `{keyword}` starts an unnecessary shell");
            findings
                .add(step.instruction.span, message)
                .severity(Severity::Info)
        } else {
            // The shell only expands variables before it is replaced.
            continue;
        };
        let other = match step.kind() {
            Kind::Cmd => &entrypoints,
            _ => &commands,
        };
        let has_other = step.stage.is_some_and(|stage| other[stage]);
        if let Some(fix) = fix(cx, step, script, has_other) {
            report.fix(fix);
        }
    }
}

/// Whether a script is `exec program …` and nothing else.
fn replaces_shell(script: &Script) -> bool {
    let text = script.text.as_str();
    text.starts_with("exec ") && !text.contains([';', '&', '|', '\n'])
}

/// Whether the shell is replaced by the program even without `exec`: BusyBox by the last command,
/// bash by a single command. dash keeps running.
fn is_replaced(step: &Step<'_>, script: &Script) -> bool {
    let text = script.text.as_str().trim_end();
    // A malformed array runs a command that does not exist.
    if step.onbuild || text.starts_with('[') {
        return false;
    }
    match step.shell.kind {
        // The shell waits for pipelines and background commands, continues loops, and runs traps.
        ShellKind::Ash => {
            let mut words = text.split_whitespace();
            !text.contains(['|', '\n'])
                && !text.ends_with('&')
                && !words.any(|word| matches!(word, "for" | "trap" | "until" | "wait" | "while"))
        }
        ShellKind::Bash => {
            // The shell also waits for a command with a redirection.
            !text.contains([';', '&', '|', '\n', '(', '{', '`', '<', '>'])
                && shell::parse(script).commands.len() == 1
        }
        _ => false,
    }
}

/// For each stage, whether it or a stage that it is based on sets an ENTRYPOINT.
fn stages_with_an_entrypoint(facts: &Facts<'_>) -> Vec<bool> {
    // A stage can only be based on an earlier one, which has already been computed.
    let mut has_entrypoint: Vec<bool> = Vec::with_capacity(facts.stages.len());
    for stage in &facts.stages {
        let inherits = matches!(stage.base, Base::Stage(base) if has_entrypoint[base]);
        let mut steps = facts.steps_of(stage).iter();
        has_entrypoint.push(inherits || steps.any(|step| step.kind() == Kind::Entrypoint));
    }
    has_entrypoint
}

/// Per stage, whether it or one that is based on it sets a CMD.
///
/// An ENTRYPOINT drops the CMD of the stages that its own is based on, but not of its own.
fn stages_with_a_command(facts: &Facts<'_>) -> Vec<bool> {
    let mut has_command: Vec<bool> = facts
        .stages
        .iter()
        .map(|stage| {
            let mut steps = facts.steps_of(stage).iter();
            steps.any(|step| step.kind() == Kind::Cmd && !step.onbuild)
        })
        .collect();
    // A stage can only be based on an earlier one, so the last ones pass theirs on first.
    for stage in facts.stages.iter().rev() {
        if let Base::Stage(base) = stage.base
            && has_command[stage.index]
        {
            has_command[base] = true;
        }
    }
    has_command
}

/// The exec form of a script, or `exec` before its program if it needs a shell. `has_other` is
/// true for a CMD with an ENTRYPOINT, and for an ENTRYPOINT with a CMD.
fn fix(
    cx: &DockerfileContext<'_>,
    step: &Step<'_>,
    script: &Script,
    has_other: bool,
) -> Option<Fix> {
    let Some((form, edit)) = as_exec_form(cx, script) else {
        return with_exec(step, script);
    };
    // With an ENTRYPOINT, CMD is its arguments, and those were `/bin/sh`, `-c` and the script. A
    // shell form of ENTRYPOINT ignores CMD, which the exec form gets as arguments.
    let (applicability, effect) = match (step.kind(), has_other) {
        (_, false) if !step.onbuild => (Applicability::Safe, ""),
        (Kind::Entrypoint, true) => (Applicability::Unsafe, "; `CMD` becomes its arguments"),
        _ => (Applicability::Unsafe, ""),
    };
    let title = format!("use the exec form: `{form}`{effect}");
    Some(Fix::new(title, applicability, vec![edit]))
}

/// Inserts `exec` before the only program of a script that needs a shell, so that the program
/// replaces the shell.
fn with_exec(step: &Step<'_>, script: &Script) -> Option<Fix> {
    let text = script.text.as_str();
    // With several commands, `exec` before the first one would drop the others.
    if !step.shell.kind.is_posix() || text.contains([';', '&', '|', '\n']) {
        return None;
    }
    let parsed = shell::parse(script);
    let [command] = parsed.commands.as_slice() else {
        return None;
    };
    let program = command.words.first()?;
    let is_first =
        command.assignments.is_empty() && script.text.source_offset(0) == program.span.start;
    // A builtin has no program that could replace the shell.
    let is_program = program.literal().is_some_and(|name| !is_builtin(name));
    if !parsed.errors.is_empty() || !is_first || !is_program {
        return None;
    }
    let edit = Edit::insert(program.span.start, "exec ");
    Some(Fix::safe("replace the shell with `exec`", [edit]))
}
