//! `shell-form-entrypoint`: a shell starts the program and does not forward signals.

use super::support::steps::of_kind;
use crate::dockerfile::{Body, Command, Kind, Script, shell};
use crate::lint::facts::{Base, Facts, Step, exec_form, is_builtin};
use crate::lint::{Applicability, DockerfileContext, Edit, Findings, Fix, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "shell-form-entrypoint",
    page: include_str!("../../rules/lint/shell-form-entrypoint.md"),
    dockerfile: Some(check),
    image: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    let entrypoints = stages_with_an_entrypoint(cx.facts);
    for step in of_kind(cx, &[Kind::Cmd, Kind::Entrypoint]) {
        let Body::Command(Command::Shell(script)) = &step.instruction.body else {
            continue;
        };
        // After a SHELL instruction, the shell is intended. With `exec`, the program replaces it.
        if step.shell.set_by.is_some() || replaces_shell(script) {
            continue;
        }
        let keyword = step.instruction.keyword.kind.name();
        let message = format!("shell-form `{keyword}` does not forward signals");
        let report = findings.add(step.instruction.span, message);
        let has_entrypoint = step.stage.is_some_and(|stage| entrypoints[stage]);
        if let Some(fix) = fix(step, script, has_entrypoint) {
            report.fix(fix);
        }
    }
}

/// Whether a script is `exec program …` and nothing else.
fn replaces_shell(script: &Script) -> bool {
    let text = script.text.as_str();
    text.starts_with("exec ") && !text.contains([';', '&', '|', '\n'])
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

/// The exec form of a script, or `exec` before its program if it needs a shell.
fn fix(step: &Step<'_>, script: &Script, has_entrypoint: bool) -> Option<Fix> {
    let Some(replacement) = exec_form(script) else {
        return with_exec(step, script);
    };
    // With an ENTRYPOINT, CMD provides its arguments, and those were `/bin/sh`, `-c` and the
    // script.
    let is_argument = step.kind() == Kind::Cmd && has_entrypoint;
    let applicability = if is_argument || step.onbuild {
        Applicability::Unsafe
    } else {
        Applicability::Safe
    };
    let text = &script.text;
    let span = text.source_span(0, text.as_str().trim_end().len());
    let title = format!("use the exec form: `{replacement}`");
    Some(Fix::new(
        title,
        applicability,
        vec![Edit { span, replacement }],
    ))
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
    let edit = Edit {
        span: Span::at(program.span.start),
        replacement: "exec ".to_owned(),
    };
    Some(Fix::new(
        "replace the shell with `exec`",
        Applicability::Safe,
        vec![edit],
    ))
}
