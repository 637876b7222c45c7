//! Edits of whole instructions that several rules make: one is taken away, put in, or made one with
//! that before it.

use crate::dockerfile::{Command, Script};
use crate::lint::facts::{Facts, Run, Step};
use crate::lint::{DockerfileContext, Edit};
use crate::source::Span;

/// What changes the shell itself, and so all that comes after it in the same script.
const LASTING: [&str; 18] = [
    ".", "alias", "cd", "eval", "exec", "exit", "export", "popd", "pushd", "return", "set",
    "shopt", "source", "trap", "ulimit", "umask", "unset", "wait",
];

/// Takes away the lines of an instruction; not where something else stands on them.
pub(in crate::rules) fn without(cx: &DockerfileContext<'_>, span: Span) -> Option<Edit> {
    let start = cx.source.line_span(cx.source.line(span.start)).start;
    let rest = &cx.source.text()[span.end..];
    let end = span.end + rest.find('\n').map_or(rest.len(), |at| at + 1);
    let own_lines = cx
        .source
        .slice(Span::new(start, span.start))
        .trim()
        .is_empty();
    own_lines.then(|| Edit {
        span: Span::new(start, end),
        replacement: String::new(),
    })
}

/// Puts an instruction onto a line of its own after another.
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

/// Makes one RUN of two that follow each other with nothing between them; where their scripts mean
/// the same so.
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
    if !are_alike || !is_plain_list(cx, before) || !is_plain_list(cx, run) || lasts(before) {
        return None;
    }
    let (Command::Shell(start), Command::Shell(end)) = (before.command, run.command) else {
        return None;
    };
    let length = start.text.as_str().trim_end().len();
    let from = start.text.source_span(0, length).end;
    let indent = indent(cx, first.span);
    let replacement = format!(" {}{}{indent}&& ", cx.dockerfile.escape, cx.line_break());
    Some(Edit {
        span: Span::new(from, end.text.source_offset(0)),
        replacement,
    })
}

/// Flags and their values.
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

/// Whether a script is commands that `&&` joins, or one, so that more can be joined.
fn is_plain_list(cx: &DockerfileContext<'_>, run: &Run<'_>) -> bool {
    let (Command::Shell(script), Some(parsed)) = (run.command, &run.script) else {
        return false;
    };
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

/// Whether a script changes its shell: what follows would notice.
fn lasts(run: &Run<'_>) -> bool {
    let Some(script) = &run.script else {
        return true;
    };
    script
        .commands
        .iter()
        .filter(|command| !command.position.subshell)
        .any(|command| {
            let name = command
                .words
                .first()
                .map(|word| word.literal().unwrap_or("$"));
            name.is_none_or(|name| LASTING.contains(&name) || name == "$")
        })
}

/// The blanks before the lines with which an instruction goes on.
pub(in crate::rules) fn indent(cx: &DockerfileContext<'_>, span: Span) -> String {
    let text = cx.source.slice(span);
    let last = text.lines().skip(1).last();
    let written = last.map(|line| &line[..line.len() - line.trim_start().len()]);
    written
        .filter(|indent| !indent.is_empty())
        .unwrap_or("    ")
        .to_owned()
}

/// A command at the end of a RUN; not where what follows the last call would take the words for its
/// own.
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
            if parsed.options_of(last, run.options).errexit {
                let replacement = format!("{command}{}", cx.line_break());
                return Some(Edit {
                    span: Span::at(heredoc.body.end),
                    replacement,
                });
            }
            // A line of its own would hide that the one before it has failed.
            let end = end_of_list(cx, script, run.calls.last()?.span)?;
            Some(Edit {
                span: Span::at(end),
                replacement: format!(" && {command}"),
            })
        }
        _ => None,
    }
}

/// Where a script ends; `None` where something follows its last call that would take more words for
/// its own.
fn end_of_list(cx: &DockerfileContext<'_>, script: &Script, last: Span) -> Option<usize> {
    let text = script.text.as_str().trim_end();
    let end = script.text.source_span(0, text.len()).end;
    let tail = cx
        .source
        .slice(Span::new(last.end.min(end), end))
        .replace("2>&1", "");
    (!tail.contains(['#', ';', '&', '|', '\n', '`', '"', '\''])).then_some(end)
}

/// ` && command` after the last call, on a line of its own where the RUN has several.
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
