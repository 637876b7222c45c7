//! `heredoc-without-errexit`: a heredoc script continues after a failed command.

use super::support::lines::heredoc_start;
use crate::dockerfile::{Command, ShellScript, ShellWord};
use crate::lint::facts::{Run, ShellKind};
use crate::lint::{DockerfileContext, Edit, Findings, Fix, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "heredoc-without-errexit",
    page: include_str!("../../rules/lint/heredoc-without-errexit.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

/// Commands that do not fail, or whose failure does not matter.
const HARMLESS: [&str; 17] = [
    "echo", "printf", "true", ":", "set", "export", "unset", "umask", "alias", "local", "readonly",
    "shopt", "exit", "return", "break", "continue", "yes",
];

/// Words that end a block.
const CLOSING: [&str; 4] = ["}", "fi", "done", "esac"];

/// The number of pipelines of one script that are checked. Each is compared with all options that
/// the script sets before it, so more would take quadratic time.
const MOST_PIPELINES: usize = 200;

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
        let Some(statement) = first_ignored(cx, run, script) else {
            continue;
        };
        // One finding for each RUN: `set -e` helps all its commands.
        let name = statement.program.raw.as_str();
        let set = Edit::insert(start, format!("set -e{}", cx.line_break()));
        let message = format!("the script continues if `{name}` fails, and the build succeeds");
        findings
            .add(statement.program.span, message)
            .fix(Fix::marked_unsafe("add `set -e`", [set]));
    }
}

/// A command or a pipeline of the script itself, not of a subshell.
struct Statement<'s> {
    span: Span,
    /// The name of the program that may fail.
    program: &'s ShellWord,
    /// Whether its failure ends the script.
    errexit: bool,
}

/// The first statement whose failure is ignored because another one follows it.
fn first_ignored<'s>(
    cx: &DockerfileContext<'_>,
    run: &Run<'_>,
    script: &'s ShellScript,
) -> Option<Statement<'s>> {
    let mut statements = statements(script, run).into_iter().peekable();
    while let Some(statement) = statements.next() {
        let next = statements.peek()?;
        if HARMLESS.contains(&statement.program.raw.as_str()) || statement.errexit {
            continue;
        }
        // A redirection is not part of the span of its command.
        let mut end = statement.span.end;
        for redirection in &script.redirections {
            if redirection.span.end <= next.span.start {
                end = end.max(redirection.span.end);
            }
        }
        let between = Span {
            start: end,
            end: next.span.start.max(end),
        };
        if ends_a_list(cx.source.slice(between)) {
            return Some(statement);
        }
    }
    None
}

/// The commands and pipelines of a script, in order.
fn statements<'s>(script: &'s ShellScript, run: &Run<'_>) -> Vec<Statement<'s>> {
    let mut statements = Vec::new();
    for command in &script.commands {
        if command.scope == 0
            && let Some(program) = command.words.first()
        {
            statements.push(Statement {
                span: command.span,
                program,
                errexit: script.options_of(command, run.options).errexit,
            });
        }
    }
    for pipeline in script.pipelines.iter().take(MOST_PIPELINES) {
        if pipeline.scope != 0 {
            continue;
        }
        let mut programs = pipeline
            .stages
            .iter()
            .filter_map(|&stage| script.commands[stage].words.first());
        // Of `echo a | program`, only the program can fail.
        if let Some(program) = programs.find(|word| !HARMLESS.contains(&word.raw.as_str())) {
            statements.push(Statement {
                span: pipeline.span,
                program,
                errexit: script.options_at(pipeline, run.options).errexit,
            });
        }
    }
    statements.sort_by_key(|statement| statement.span);
    statements
}

/// Whether the text between two statements separates them without `&&`, `||` or a pipe. It may
/// close the block that the first is in, whose status is as unused as that of the statement.
fn ends_a_list(between: &str) -> bool {
    let mut without_comments = String::new();
    for line in between.lines() {
        without_comments.push_str(line.split('#').next().unwrap_or(line));
        without_comments.push(' ');
    }
    let is_separated = between.contains('\n') || without_comments.contains(';');
    let mut words = without_comments
        .split(|c: char| c == ';' || c.is_ascii_whitespace())
        .filter(|word| !word.is_empty());
    is_separated && words.all(|word| CLOSING.contains(&word))
}
