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

/// Commands that do not fail, or whose failure does not matter.
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
        // `set -e` is not an option of PowerShell or `cmd`.
        if matches!(run.shell, ShellKind::Other) || step.instruction.heredocs.is_empty() {
            continue;
        }
        let Some(command) = first_ignored(cx, run, script) else {
            continue;
        };
        // One finding per RUN, because `set -e` applies to all its commands.
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

/// The first command whose failure is ignored because another one follows it.
fn first_ignored<'s>(
    cx: &DockerfileContext<'_>,
    run: &Run<'_>,
    script: &'s ShellScript,
) -> Option<&'s SimpleCommand> {
    // Commands in functions, branches and conditions are skipped, because their status is often
    // used.
    let commands: Vec<&SimpleCommand> = script
        .commands
        .iter()
        .filter(|command| {
            command.scope == 0 && !command.position.conditional && !command.words.is_empty()
        })
        .collect();
    for pair in commands.windows(2) {
        let name = pair[0].words[0].raw.as_str();
        if HARMLESS.contains(&name) || script.options_of(pair[0], run.options).errexit {
            continue;
        }
        // A redirection is not part of the span of its command.
        let mut end = pair[0].span.end;
        for redirection in &script.redirections {
            if redirection.span.end <= pair[1].span.start {
                end = end.max(redirection.span.end);
            }
        }
        let between = Span {
            start: end,
            end: pair[1].span.start,
        };
        if ends_a_list(cx.source.slice(between)) {
            return Some(pair[0]);
        }
    }
    None
}

/// Whether the text between two commands separates them without `&&`, `||` or a pipe, and does not
/// close a block.
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
