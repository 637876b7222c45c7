//! `entrypoint-without-exec`: an entry script does not `exec` the program.

use crate::dockerfile::shell::parse_text;
use crate::dockerfile::{Body, Command, CopySource, Kind};
use crate::knowledge::ProgramClass;
use crate::lint::facts::{Stage, Step};
use crate::lint::{DockerfileContext, Findings, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "entrypoint-without-exec",
    page: include_str!("../../rules/lint/entrypoint-without-exec.md"),
    dockerfile: Some(check),
    image: None,
};

/// Last commands of scripts that are no program to wait for.
const ENDINGS: [&str; 9] = [
    "exec", "wait", "exit", "true", "echo", "printf", "fi", "done", "return",
];

/// Among how many steps the script is searched that an entrypoint starts.
const MOST_STEPS: usize = 1000;

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for stage in &cx.facts.stages {
        // Of several only the last counts.
        let last = |kind| {
            cx.facts
                .steps_of(stage)
                .iter()
                .rfind(|step| step.kind() == kind && !step.onbuild)
        };
        for step in [last(Kind::Entrypoint), last(Kind::Cmd)]
            .into_iter()
            .flatten()
        {
            let Body::Command(Command::Exec(words)) = &step.instruction.body else {
                continue;
            };
            let Some(program) = words.first() else {
                continue;
            };
            let name = program.value.rsplit('/').next().unwrap_or(&program.value);
            if ProgramClass::PosixShell.contains(name)
                && words.get(1).is_some_and(|option| {
                    option.value.starts_with('-') && option.value.ends_with('c')
                })
            {
                if let Some(text) = words.get(2).filter(|text| stays(&text.value)) {
                    findings.add(
                        text.span,
                        "the shell keeps running and does not pass signals on to the program",
                    );
                }
            } else if let Some((_, span)) =
                written_script(cx, stage, step, &program.value).filter(|(text, _)| stays(text))
            {
                findings
                    .add(
                        program.span,
                        format!(
                            "`{name}` keeps running and does not pass signals on to the program"
                        ),
                    )
                    .label(span, "script written here");
            }
        }
    }
}

/// The body of a heredoc that COPY writes to a path, which starts a shell.
fn written_script<'c>(
    cx: &DockerfileContext<'c>,
    stage: &Stage<'_>,
    by: &Step<'_>,
    path: &str,
) -> Option<(&'c str, Span)> {
    let source = cx.source;
    cx.facts
        .lineage(stage.index)
        .take(MOST_STEPS)
        .filter(|step| step.index < by.index)
        .find_map(|step| {
            let Body::Transfer {
                sources,
                destination,
                ..
            } = &step.instruction.body
            else {
                return None;
            };
            let (Kind::Copy, [CopySource::Heredoc(at)]) = (step.kind(), sources.as_slice()) else {
                return None;
            };
            let heredoc = step.instruction.heredocs.get(*at)?;
            let to = cx.facts.expand(step, destination)?;
            let written = to == path
                || to
                    .strip_suffix('/')
                    .is_some_and(|folder| path == format!("{folder}/{}", heredoc.name));
            let text = source.slice(heredoc.body);
            let interpreter = text.strip_prefix("#!")?.lines().next()?;
            let is_shell = interpreter
                .split(['/', ' '])
                .any(|word| ProgramClass::PosixShell.contains(word));
            (written && is_shell).then_some((text, heredoc.opener))
        })
}

/// Whether the script has other work to do before its last command, and runs that one as a child.
fn stays(text: &str) -> bool {
    let script = parse_text(text);
    if !script.errors.is_empty() {
        return false;
    }
    let outer: Vec<_> = script
        .commands
        .iter()
        .filter(|command| !command.position.subshell && !command.words.is_empty())
        .collect();
    // A shell with one command becomes that command by itself.
    let Some((last, [_, ..])) = outer.split_last() else {
        return false;
    };
    let name = last
        .words
        .first()
        .and_then(|word| word.literal())
        .unwrap_or("$");
    let execs = outer
        .iter()
        .any(|command| command.words.first().and_then(|word| word.literal()) == Some("exec"));
    let background = text.contains("& ") && !text.contains("&& ") || text.trim_end().ends_with('&');
    let traps = outer
        .iter()
        .any(|command| command.words.first().and_then(|word| word.literal()) == Some("trap"));
    !execs && !background && !traps && !ENDINGS.contains(&name)
}
