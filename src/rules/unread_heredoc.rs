//! `unread-heredoc`: no command reads a heredoc.

use crate::dockerfile::{Heredoc, Kind};
use crate::lint::facts::{Run, Step};
use crate::lint::{DockerfileContext, Findings, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "unread-heredoc",
    page: include_str!("../../rules/lint/unread-heredoc.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

/// Programs that do not read their standard input. `:` and `true` do not either, but a heredoc for
/// them is a comment of several lines.
const NOT_READING: [&str; 14] = [
    "cd", "chmod", "chown", "cp", "echo", "export", "ln", "ls", "mkdir", "mv", "printf", "rm",
    "set", "touch",
];

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for run in cx.facts.runs() {
        let step = &cx.facts.steps[run.step];
        // Only the shell determines which command reads a heredoc; `COPY` treats it as a file.
        if step.kind() != Kind::Run || !run.shell.is_posix() {
            continue;
        }
        for heredoc in &step.instruction.heredocs {
            let Some(reason) = reason(cx, run, step, heredoc) else {
                continue;
            };
            findings
                .add(
                    heredoc.opener,
                    format!(
                        "{reason} heredoc `{}`, so its lines are ignored",
                        heredoc.name
                    ),
                )
                .note("a heredoc only runs as a script if nothing else follows `RUN`");
        }
    }
}

/// Why nothing reads a heredoc, as the start of the message.
fn reason(
    cx: &DockerfileContext<'_>,
    run: &Run<'_>,
    step: &Step<'_>,
    heredoc: &Heredoc,
) -> Option<String> {
    let written = step.instruction.arguments.as_str().trim();
    // The body is the script.
    if written == cx.source.slice(heredoc.opener) {
        return None;
    }
    if !has_command(cx, step, heredoc) {
        return Some("no command reads".to_owned());
    }
    let script = run.script.as_ref()?;
    let redirection = script
        .redirections
        .iter()
        .find(|redirection| redirection.span.start == heredoc.opener.start)?;
    // Another file descriptor may be meant for a program that is started later.
    if redirection.fd.is_some_and(|fd| fd != 0) {
        return None;
    }
    let name = script.commands[redirection.command?]
        .words
        .first()?
        .literal()?;
    if NOT_READING.contains(&name) {
        Some(format!("`{name}` does not read"))
    } else {
        None
    }
}

/// Whether a heredoc is next to words of a command, so that there is more than the heredoc between
/// two operators.
fn has_command(cx: &DockerfileContext<'_>, step: &Step<'_>, heredoc: &Heredoc) -> bool {
    let start = step.instruction.arguments.source_offset(0);
    let before = cx.source.slice(Span::new(
        start.min(heredoc.opener.start),
        heredoc.opener.start,
    ));
    // The operator may be at the end of a continued line.
    let before = before.trim_end_matches(|c: char| c.is_whitespace() || c == '\\' || c == '`');
    let ends_in_operator = before.is_empty()
        || before.ends_with(['&', '|', ';', '(', '{', '!'])
        || ["then", "do", "else"]
            .iter()
            .any(|word| ends_in_word(before, word));
    let after = cx.source.slice(Span::new(
        heredoc.opener.end,
        heredoc.body.start.max(heredoc.opener.end),
    ));
    let after = after.trim_start_matches([' ', '\t']);
    let starts_with_operator =
        after.trim().is_empty() || after.starts_with(['&', '|', ';', ')', '}', '#']);
    !(ends_in_operator && starts_with_operator)
}

/// Whether a text ends in a word.
fn ends_in_word(text: &str, word: &str) -> bool {
    match text.strip_suffix(word) {
        Some(before) => before.is_empty() || before.ends_with([' ', '\t', ';', '\n']),
        None => false,
    }
}
