//! Edits of whole instructions: removing, inserting, joining, and appending to one.

use crate::dockerfile::{Command, Script};
use crate::lint::facts::{Facts, Run, Step};
use crate::lint::{DockerfileContext, Edit};
use crate::source::Span;

/// Commands that change the state of the shell and therefore affect later commands in the same
/// script.
const SHELL_STATE: [&str; 18] = [
    ".", "alias", "cd", "eval", "exec", "exit", "export", "popd", "pushd", "return", "set",
    "shopt", "source", "trap", "ulimit", "umask", "unset", "wait",
];

/// Removes the lines of an instruction, if nothing else is on them.
pub(in crate::rules) fn remove_lines(cx: &DockerfileContext<'_>, span: Span) -> Option<Edit> {
    let start = cx.source.line_span(cx.source.line(span.start)).start;
    let rest = &cx.source.text()[span.end..];
    let end = span.end + rest.find('\n').map_or(rest.len(), |at| at + 1);
    // An instruction after `ONBUILD` starts in the middle of a line.
    let before = cx.source.slice(Span::new(start, span.start));
    if !before.trim().is_empty() {
        return None;
    }
    Some(Edit {
        span: Span::new(start, end),
        replacement: String::new(),
    })
}

/// Inserts an instruction on a new line after another one.
pub(in crate::rules) fn line_after(
    cx: &DockerfileContext<'_>,
    step: &Step<'_>,
    line: &str,
) -> Edit {
    Edit {
        span: Span::at(step.span.end),
        replacement: format!("{}{line}", cx.line_break()),
    }
}

/// Joins two RUNs with nothing between them, if their scripts have the same meaning in one shell.
pub(in crate::rules) fn join(
    cx: &DockerfileContext<'_>,
    before: &Run<'_>,
    run: &Run<'_>,
) -> Option<Edit> {
    let (first, second) = (&cx.facts.steps[before.step], &cx.facts.steps[run.step]);
    let between = Span::new(first.span.end, second.span.start.max(first.span.end));
    let are_alike = before.step + 1 == run.step
        && first.stage == second.stage
        && !first.onbuild
        && !second.onbuild
        && flags(cx.facts, before) == flags(cx.facts, run)
        && cx.source.slice(between).trim().is_empty();
    // Changes that the first script makes to its shell would affect the second one.
    let changes_meaning =
        !is_plain_list(cx, before) || !is_plain_list(cx, run) || changes_shell(before);
    if !are_alike || changes_meaning {
        return None;
    }
    let (Command::Shell(start), Command::Shell(end)) = (before.command, run.command) else {
        return None;
    };
    // The edit starts at the last character of the first script, so its trailing whitespace is
    // dropped.
    let length = start.text.as_str().trim_end().len();
    let from = start.text.source_span(0, length).end;
    let indent = indent(cx, first.span);
    let replacement = format!(" {}{}{indent}&& ", cx.dockerfile.escape, cx.line_break());
    Some(Edit {
        span: Span::new(from, end.text.source_offset(0)),
        replacement,
    })
}

/// The flags of a RUN and their values, alternating. Two RUNs with equal lists run in the same
/// environment.
pub(in crate::rules) fn flags<'f>(facts: &'f Facts<'_>, run: &Run<'_>) -> Vec<&'f str> {
    let flags = &facts.steps[run.step].instruction.flags;
    flags
        .iter()
        .flat_map(|flag| {
            [
                flag.name.as_str(),
                flag.value.as_ref().map_or("", |value| value.text.as_str()),
            ]
        })
        .collect()
}

/// Whether a script is a single command or a chain of `&&`, so that another command can be
/// appended.
fn is_plain_list(cx: &DockerfileContext<'_>, run: &Run<'_>) -> bool {
    let (Command::Shell(script), Some(parsed)) = (run.command, &run.script) else {
        return false;
    };
    // These contain operator characters without being a list, a job or a comment.
    let text = script.text.as_str().replace("&&", "");
    let text = text.replace("2>&1", "").replace("\\;", "");
    let is_unconditional = parsed
        .commands
        .iter()
        .all(|command| !command.position.conditional);
    parsed.errors.is_empty()
        && !parsed.commands.is_empty()
        && is_unconditional
        && cx.facts.steps[run.step].instruction.heredocs.is_empty()
        && script.shebang.is_none()
        && !text.contains([';', '&', '#', '\n', '`'])
        && !text.contains("||")
        && !text.trim_start().starts_with('!')
}

/// Whether a script changes the state of its shell in a way that affects later commands.
fn changes_shell(run: &Run<'_>) -> bool {
    // A script that was not parsed may do anything.
    let Some(script) = &run.script else {
        return true;
    };
    for command in &script.commands {
        // Changes in a subshell are lost when it ends.
        if command.position.subshell {
            continue;
        }
        // A command that consists only of assignments sets variables, and a command name in a
        // variable can be any of these.
        match command.words.first().map(|word| word.literal()) {
            None | Some(None | Some("$")) => return true,
            Some(Some(name)) if SHELL_STATE.contains(&name) => return true,
            Some(Some(_)) => {}
        }
    }
    false
}

/// The indentation of an instruction's continuation lines; 4 spaces if it has none.
pub(in crate::rules) fn indent(cx: &DockerfileContext<'_>, span: Span) -> String {
    let text = cx.source.slice(span);
    // The last line, because that is where edits add more.
    let last = text.lines().skip(1).last().unwrap_or_default();
    match &last[..last.len() - last.trim_start().len()] {
        "" => "    ".to_owned(),
        written => written.to_owned(),
    }
}

/// Appends a command to a RUN, unless its words would become part of the text after the last call.
pub(in crate::rules) fn append(
    cx: &DockerfileContext<'_>,
    run: &Run<'_>,
    command: &str,
) -> Option<Edit> {
    let (Command::Shell(script), Some(parsed)) = (run.command, &run.script) else {
        return None;
    };
    if !parsed.errors.is_empty() {
        return None;
    }
    match cx.facts.steps[run.step].instruction.heredocs.as_slice() {
        [] => append_to_list(cx, script, run.calls.last()?.span, command),
        [heredoc]
            if !heredoc.end.is_empty()
                && heredoc
                    .body
                    .contains(Span::at(script.text.source_offset(0))) =>
        {
            let last = parsed.commands.last()?;
            // With `set -e`, a new line is reached only if all commands before it succeeded.
            if parsed.options_of(last, run.options).errexit {
                let replacement = format!("{command}{}", cx.line_break());
                return Some(Edit {
                    span: Span::at(heredoc.body.end),
                    replacement,
                });
            }
            // Without it, a new line would hide the failure of the previous command.
            let end = end_of_list(cx, script, run.calls.last()?.span)?;
            Some(Edit {
                span: Span::at(end),
                replacement: format!(" && {command}"),
            })
        }
        // Of several heredocs, only one is the script; the others are files.
        _ => None,
    }
}

/// The end of a script; `None` if appended words would become part of the text after the last call.
fn end_of_list(cx: &DockerfileContext<'_>, script: &Script, last: Span) -> Option<usize> {
    let text = script.text.as_str().trim_end();
    let end = script.text.source_span(0, text.len()).end;
    let tail = cx
        .source
        .slice(Span::new(last.end.min(end), end))
        .replace("2>&1", "");
    // A comment or a quote would swallow the command, and after `||` or `|` it would run under
    // other conditions or with other input.
    if tail.contains(['#', ';', '&', '|', '\n', '`', '"', '\'']) {
        return None;
    }
    Some(end)
}

/// Appends ` && command` after the last call, on a separate line if the RUN has several lines.
fn append_to_list(
    cx: &DockerfileContext<'_>,
    script: &Script,
    last: Span,
    command: &str,
) -> Option<Edit> {
    let end = end_of_list(cx, script, last)?;
    let instruction = cx
        .source
        .slice(Span::new(script.text.source_offset(0), end));
    let replacement = if instruction.contains('\n') {
        let line = cx.source.line_span(cx.source.line(end));
        let line = cx.source.slice(line);
        let indent = &line[..line.len() - line.trim_start().len()];
        format!(
            " {}{}{indent}&& {command}",
            cx.dockerfile.escape,
            cx.line_break()
        )
    } else {
        format!(" && {command}")
    };
    Some(Edit {
        span: Span::at(end),
        replacement,
    })
}
