//! `heredoc-without-errexit`: a heredoc script continues after a failed command.

use super::support::lines::heredoc_start;
use crate::dockerfile::shell::SimpleCommand;
use crate::dockerfile::{Command, ShellScript};
use crate::lint::facts::{Run, ShellKind};
use crate::lint::{Applicability, DockerfileContext, Edit, Findings, Fix, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "heredoc-without-errexit",
    page: include_str!("../../rules/lint/heredoc-without-errexit.md"),
    dockerfile: Some(check),
    image: None,
};

/// What does not fail, or is not there to succeed.
const HARMLESS: [&str; 12] = [
    "echo", "printf", "true", ":", "set", "export", "unset", "umask", "alias", "local", "readonly",
    "shopt",
];

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for run in cx.facts.runs() {
        let (step, Command::Shell(shell)) = (&cx.facts.steps[run.step], run.command) else {
            continue;
        };
        let (Some(script), Some(start)) = (
            &run.script,
            heredoc_start(cx, step, shell.shebang.is_some()),
        ) else {
            continue;
        };
        if matches!(run.shell, ShellKind::Other) || step.instruction.heredocs.is_empty() {
            continue;
        }
        let Some(command) = first_ignored(cx, run, script) else {
            continue;
        };
        let name = command.words[0].raw.as_str();
        let set = Edit {
            span: Span::at(start),
            replacement: format!("set -e{}", cx.line_break()),
        };
        findings
            .add(
                command.words[0].span,
                format!("the script continues if `{name}` fails, and the build succeeds"),
            )
            .fix(Fix::new("add `set -e`", Applicability::Unsafe, vec![set]));
    }
}

/// The first command whose failure nothing asks for, and after which another one comes.
fn first_ignored<'s>(
    cx: &DockerfileContext<'_>,
    run: &Run<'_>,
    script: &'s ShellScript,
) -> Option<&'s SimpleCommand> {
    let is_step = |command: &&SimpleCommand| {
        command.scope == 0 && !command.position.conditional && !command.words.is_empty()
    };
    let commands: Vec<&SimpleCommand> = script.commands.iter().filter(is_step).collect();
    let ignored = commands.windows(2).find(|pair| {
        let name = pair[0].words[0].raw.as_str();
        let redirected = script
            .redirections
            .iter()
            .map(|redirection| redirection.span.end);
        let end = redirected
            .filter(|&end| end <= pair[1].span.start)
            .fold(pair[0].span.end, usize::max);
        let between = cx.source.slice(Span {
            start: end,
            end: pair[1].span.start,
        });
        !HARMLESS.contains(&name)
            && ends_a_list(between)
            && !script.options_of(pair[0], run.options).errexit
    });
    ignored.map(|pair| pair[0])
}

/// Whether what stands between two commands parts them without `&&`, `||` or a pipe, and closes
/// nothing.
fn ends_a_list(between: &str) -> bool {
    let without_comments: String = between
        .lines()
        .map(|line| line.split('#').next().unwrap_or(line))
        .collect();
    (between.contains('\n') || without_comments.contains(';'))
        && without_comments
            .bytes()
            .all(|byte| byte == b';' || byte.is_ascii_whitespace())
}
