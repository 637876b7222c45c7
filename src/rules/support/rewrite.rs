//! Edits of whole instructions: remove one, insert one, join two, add a command to one.

use super::layout::{continuation, indent, joint, separator, separator_after_first};
use super::lines::heredoc_start;
use crate::dockerfile::{Command, Script, ShellScript};
use crate::lint::facts::{Facts, Run, Step};
use crate::lint::{DockerfileContext, Edit};
use crate::source::Span;

/// Commands that change the state of the shell and therefore affect later commands in the same
/// script.
const SHELL_STATE: [&str; 18] = [
    ".", "alias", "cd", "eval", "exec", "exit", "export", "popd", "pushd", "return", "set",
    "shopt", "source", "trap", "ulimit", "umask", "unset", "wait",
];

/// Removes the lines of an instruction, if nothing else is on them. Of empty lines above and below
/// it, one goes too, as they would add up.
pub(in crate::rules) fn remove_lines(cx: &DockerfileContext<'_>, span: Span) -> Option<Edit> {
    let start = cx.source.line_span(cx.source.line(span.start)).start;
    let text = cx.source.text();
    let rest = &text[span.end..];
    let mut end = span.end + rest.find('\n').map_or(rest.len(), |at| at + 1);
    let above = text[..start].lines().next_back();
    let below = text[end..].split_inclusive('\n').next();
    if let (Some(above), Some(below)) = (above, below)
        && above.trim().is_empty()
        && below.trim().is_empty()
    {
        end += below.len();
    }
    // An instruction after `ONBUILD` starts in the middle of a line.
    let before = cx.source.slice(Span::new(start, span.start));
    if !before.trim().is_empty() {
        return None;
    }
    Some(Edit::remove(Span::new(start, end)))
}

/// Inserts an instruction on its own line after another one. If an empty line follows that,
/// the new one is a part of its own too, with an empty line before it.
pub(in crate::rules) fn line_after(
    cx: &DockerfileContext<'_>,
    step: &Step<'_>,
    line: &str,
) -> Edit {
    let end = cx.line_break();
    let next = cx.source.line(step.span.end) + 1;
    let is_set_apart = next <= cx.source.line_count()
        && cx.source.slice(cx.source.line_span(next)).trim().is_empty();
    let separator = if is_set_apart {
        end.repeat(2)
    } else {
        end.to_owned()
    };
    Edit::insert(step.span.end, format!("{separator}{line}"))
}

/// Inserts an instruction on its own line before another one, above the comments that belong
/// to that. Some of them configure a linter for the next instruction.
pub(in crate::rules) fn line_before(
    cx: &DockerfileContext<'_>,
    step: &Step<'_>,
    line: &str,
) -> Edit {
    Edit::insert(
        above_comments(cx, step.span.start),
        format!("{line}{}", cx.line_break()),
    )
}

/// The start of an instruction with the comments directly above it.
fn above_comments(cx: &DockerfileContext<'_>, instruction: usize) -> usize {
    let mut line = cx.source.line(instruction);
    let above = cx
        .dockerfile
        .comments
        .partition_point(|comment| comment.span.start < instruction);
    for comment in cx.dockerfile.comments[..above].iter().rev() {
        if cx.source.line(comment.span.start) + 1 != line {
            break;
        }
        line -= 1;
    }
    cx.source.line_span(line).start
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
    Some(Edit::replace(
        Span::new(from, end.text.source_offset(0)),
        joint(cx, first.span),
    ))
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

/// Appends a command to a RUN, unless the text after its last call would take the words for its
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
        [] => append_to_list(cx, run, script, parsed, command),
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
                return Some(Edit::insert(heredoc.body.end, replacement));
            }
            // Without it, a new line would hide the failure of the previous command.
            let end = end_of_list(cx, script, run.calls.last()?.span)?;
            Some(Edit::insert(end, format!(" && {command}")))
        }
        // Of several heredocs, only one is the script; the others are files.
        _ => None,
    }
}

/// The text of a script after its last call, and the end of the script.
fn tail<'c>(cx: &DockerfileContext<'c>, script: &Script, last: Span) -> (&'c str, usize) {
    let text = script.text.as_str().trim_end();
    let end = script.text.source_span(0, text.len()).end;
    let tail = cx.source.slice(Span::new(last.end.min(end), end));
    (tail, end)
}

/// The end of a script; `None` if appended words would become part of the text after the last call.
fn end_of_list(cx: &DockerfileContext<'_>, script: &Script, last: Span) -> Option<usize> {
    let (tail, end) = tail(cx, script, last);
    let tail = tail.replace("2>&1", "");
    // A comment or a quote would swallow the command, and after `||` or `|` it would run under
    // other conditions or with other input.
    if tail.contains(['#', ';', '&', '|', '\n', '`', '"', '\'']) {
        return None;
    }
    Some(end)
}

/// Appends a command after the last call, on its own line if the RUN has several lines.
fn append_to_list(
    cx: &DockerfileContext<'_>,
    run: &Run<'_>,
    script: &Script,
    parsed: &ShellScript,
    command: &str,
) -> Option<Edit> {
    let instruction = cx.facts.steps[run.step].span;
    let last = run.calls.last()?.span;
    let is_strict = parsed
        .options_of(parsed.commands.last()?, run.options)
        .errexit;
    if is_strict && let Some(end) = end_after_semicolon(cx, script, last) {
        let is_one_line = !cx.source.slice(instruction).contains('\n');
        let next = if is_one_line {
            String::new()
        } else {
            continuation(cx, &indent(cx, instruction))
        };
        return Some(Edit::insert(end, format!(" {next}{command}")));
    }
    let end = end_of_list(cx, script, last)?;
    let separator = separator(cx, instruction, is_strict);
    Some(Edit::insert(end, format!("{separator}{command}")))
}

/// The end of a script that ends with a `;` and nothing else after its last call.
fn end_after_semicolon(cx: &DockerfileContext<'_>, script: &Script, last: Span) -> Option<usize> {
    let (tail, end) = tail(cx, script, last);
    let is_semicolon =
        tail.trim_matches(|c: char| c.is_whitespace() || c == cx.dockerfile.escape) == ";";
    if is_semicolon { Some(end) } else { None }
}

/// Runs `set -o pipefail` at the start of a script. If the script begins with a `set` already, the
/// option becomes one of its arguments.
pub(in crate::rules) fn set_pipefail(cx: &DockerfileContext<'_>, run: &Run<'_>) -> Option<Edit> {
    let (Command::Shell(script), Some(parsed)) = (run.command, &run.script) else {
        return None;
    };
    if let Some(end) = end_of_first_options(cx, script, parsed) {
        return Some(Edit::insert(end, "o pipefail"));
    }
    prepend(cx, run, "set -o pipefail")
}

/// Runs a command before all others of a script, except for a `set` that the script starts with.
pub(in crate::rules) fn prepend(
    cx: &DockerfileContext<'_>,
    run: &Run<'_>,
    command: &str,
) -> Option<Edit> {
    let (Command::Shell(script), Some(parsed)) = (run.command, &run.script) else {
        return None;
    };
    let step = &cx.facts.steps[run.step];
    let is_list = step.instruction.heredocs.is_empty();
    let after_set = if is_list {
        start_after_set(cx, parsed)
    } else {
        None
    };
    let (start, separator) = match after_set {
        Some(start) => (start, separator_after_first(cx, step.span)),
        None if is_list => {
            let start = script.text.source_offset(0);
            (start, separator_after_first(cx, step.span))
        }
        None => {
            let start = heredoc_start(cx, step, script.shebang.is_some())?;
            let start = line_after_set(cx, parsed, start).unwrap_or(start);
            (start, cx.line_break().to_owned())
        }
    };
    Some(Edit::insert(start, format!("{command}{separator}")))
}

/// The start of the line after a `set` that a heredoc starts with at `start`, if nothing else is on
/// the line of that.
fn line_after_set(cx: &DockerfileContext<'_>, parsed: &ShellScript, start: usize) -> Option<usize> {
    let [set, next, ..] = parsed.commands.as_slice() else {
        return None;
    };
    let line = cx.source.line(start);
    let end = cx.source.line_span(line).end;
    let is_alone = set.span.start >= start
        && set.span.end <= end
        && cx
            .source
            .slice(Span::new(start, set.span.start))
            .trim()
            .is_empty()
        && cx
            .source
            .slice(Span::new(set.span.end, end))
            .trim()
            .is_empty();
    if set.words.first()?.literal() != Some("set") || !is_alone || next.span.start <= end {
        return None;
    }
    Some(cx.source.line_span(line + 1).start)
}

/// The start of the second command of a script whose first is `set`.
fn start_after_set(cx: &DockerfileContext<'_>, parsed: &ShellScript) -> Option<usize> {
    let [set, next, ..] = parsed.commands.as_slice() else {
        return None;
    };
    if set.words.first()?.literal() != Some("set") {
        return None;
    }
    // The second command may be in a block, which starts before it.
    let between = cx
        .source
        .slice(Span::new(set.span.end, next.span.start.max(set.span.end)));
    let is_direct = between
        .trim_matches(|c: char| c.is_whitespace() || c == cx.dockerfile.escape)
        .trim_matches(';')
        .trim_matches(|c: char| c.is_whitespace() || c == cx.dockerfile.escape);
    if matches!(is_direct, "" | "&&") {
        Some(next.span.start)
    } else {
        None
    }
}

/// The end of `-eux` in a script that starts with `set -eux`.
fn end_of_first_options(
    cx: &DockerfileContext<'_>,
    script: &Script,
    parsed: &ShellScript,
) -> Option<usize> {
    let first = parsed.commands.first()?;
    let [name, options, ..] = first.words.as_slice() else {
        return None;
    };
    let letters = options.literal()?.strip_prefix('-')?;
    // After an `o` comes the name of another option.
    let is_bundle = !letters.is_empty()
        && letters.chars().all(|letter| letter.is_ascii_alphabetic())
        && !letters.contains('o');
    let is_plain = cx.source.slice(options.span) == options.raw.as_str();
    // The command has to be the first text of the script, so that it always runs.
    let text = script.text.as_str();
    let code = match &script.shebang {
        Some(_) => text.find('\n')? + 1,
        None => 0,
    };
    let start = code + (text[code..].len() - text[code..].trim_start().len());
    let is_first = script.text.source_offset(start) == name.span.start;
    if name.literal() == Some("set") && is_first && is_bundle && is_plain {
        Some(options.span.end)
    } else {
        None
    }
}
