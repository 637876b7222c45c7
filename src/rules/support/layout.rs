//! The layout of a RUN: how its lines separate commands, and how they are indented. Text that a fix
//! adds follows it.

use crate::lint::DockerfileContext;
use crate::source::Span;

/// The longest line that a fix writes in an instruction of several lines, in columns. Reviews and
/// terminals show about as many.
pub(in crate::rules) const WIDTH: usize = 100;

/// The indentation in instructions that have none of their own.
const INDENT: &str = "    ";

/// The place of the operators between commands, with the indentation of the lines that start with a
/// command.
enum Layout {
    /// The instruction has one line.
    OneLine,
    /// `&&` at the start of lines.
    Leading(String),
    /// `&&` at the end of lines.
    Trailing(String),
    /// `;` at the end of lines.
    Semicolons(String),
    /// No line starts with a command of its own; the indentation is that for one that does.
    Other(String),
}

/// The separator between two commands if the second one is on its own line.
pub(in crate::rules) fn joint(cx: &DockerfileContext<'_>, instruction: Span) -> String {
    let layout = Layout::of(cx, instruction);
    match layout {
        Layout::Trailing(indent) | Layout::Semicolons(indent) => {
            format!(" && {}", continuation(cx, &indent))
        }
        Layout::Leading(indent) | Layout::Other(indent) => {
            format!(" {}&& ", continuation(cx, &indent))
        }
        Layout::OneLine => format!(" {}&& ", continuation(cx, INDENT)),
    }
}

/// The separator before a command at the end of an instruction. `is_strict`: a failure also ends
/// the script at a `;`.
pub(in crate::rules) fn separator(
    cx: &DockerfileContext<'_>,
    instruction: Span,
    is_strict: bool,
) -> String {
    match Layout::of(cx, instruction) {
        Layout::OneLine => " && ".to_owned(),
        Layout::Semicolons(indent) if is_strict => format!("; {}", continuation(cx, &indent)),
        _ => joint(cx, instruction),
    }
}

/// The separator after a command at the start of an instruction, which does not fail.
pub(in crate::rules) fn separator_after_first(
    cx: &DockerfileContext<'_>,
    instruction: Span,
) -> String {
    match Layout::of(cx, instruction) {
        Layout::OneLine => " && ".to_owned(),
        Layout::Semicolons(indent) => format!("; {}", continuation(cx, &indent)),
        _ => joint(cx, instruction),
    }
}

/// The escape character, a line break, and the indentation of the next line.
pub(in crate::rules) fn continuation(cx: &DockerfileContext<'_>, indent: &str) -> String {
    format!("{}{}{indent}", cx.dockerfile.escape, cx.line_break())
}

/// The indentation of a line that continues an instruction and belongs to no command of it.
pub(in crate::rules) fn indent(cx: &DockerfileContext<'_>, instruction: Span) -> String {
    match Layout::of(cx, instruction) {
        Layout::OneLine => INDENT.to_owned(),
        Layout::Leading(indent)
        | Layout::Trailing(indent)
        | Layout::Semicolons(indent)
        | Layout::Other(indent) => indent,
    }
}

impl Layout {
    /// The layout at the first line that starts with a command: nested blocks come later.
    fn of(cx: &DockerfileContext<'_>, instruction: Span) -> Self {
        let text = cx.source.slice(instruction);
        let mut before = "";
        for (number, line) in text.lines().enumerate() {
            let code = line
                .trim_end()
                .trim_end_matches(cx.dockerfile.escape)
                .trim();
            // Comments and empty lines between others are not part of the script.
            if number > 0 && (code.is_empty() || code.starts_with('#')) {
                continue;
            }
            if number > 0 {
                let indent = indent_of(line);
                if code.starts_with("&&") {
                    return Self::Leading(indent);
                }
                if before.ends_with("&&") {
                    return Self::Trailing(indent);
                }
                if before.ends_with(';') && !code.starts_with(';') {
                    return Self::Semicolons(indent);
                }
            }
            before = code;
        }
        match text.lines().skip(1).last() {
            Some(last) => Self::Other(indent_beside(last)),
            None => Self::OneLine,
        }
    }
}

fn indent_of(line: &str) -> String {
    line[..line.len() - line.trim_start().len()].to_owned()
}

/// The indentation of a command, derived from a line with arguments. Arguments are often indented
/// more than commands.
fn indent_beside(argument: &str) -> String {
    let own = indent_of(argument);
    if own.starts_with('\t') {
        return "\t".to_owned();
    }
    if own.is_empty() || own.len() > INDENT.len() {
        return INDENT.to_owned();
    }
    own
}
