//! A script for ShellCheck: a preamble with the variables of the image, and the mapping from its
//! lines to the Dockerfile.

use std::collections::BTreeSet;

use crate::dockerfile::shell::ShellOptions;
use crate::dockerfile::{Body, Command, Joined, Kind};
use crate::knowledge::VariableClass;
use crate::lint::Facts;
use crate::lint::facts::{Run, ShellKind, Step};
use crate::source::Span;

/// Maximum length of a script in bytes. Longer ones do not occur in practice, and ShellCheck's time
/// and memory grow faster than the length.
pub(super) const MAX_LENGTH: usize = 1 << 18;

/// The reason why ShellCheck cannot check an instruction.
#[derive(Debug)]
pub(super) enum Unfit {
    /// No script, or one for a program that ShellCheck does not support.
    NoShell,
    TooLong(Span),
}

/// The text of an instruction for its shell, and the position of ShellCheck's lines in it.
#[derive(Debug)]
pub(super) struct Script {
    body: Joined,
    /// Number of lines in the preamble, before `lines`.
    before: usize,
    /// Starts of the lines of the body, without the `#!` line, which the preamble replaces.
    lines: Vec<usize>,
    /// True for BusyBox's ash, which old versions of ShellCheck treat as dash.
    pub(super) is_busybox: bool,
    /// Variables that are meant to be split: their values are several words, or may be.
    lists: BTreeSet<String>,
}

/// Uppercase endings of names of variables that contain several words.
const LIST_NAMES: [&str; 8] = [
    "ARGS", "DEPS", "FLAGS", "LIST", "OPTIONS", "OPTS", "PACKAGES", "PKGS",
];

impl Script {
    /// Returns the script of a step and the text to check.
    pub(super) fn of(facts: &Facts<'_>, step: &Step<'_>) -> Result<(Self, String), Unfit> {
        let (Body::Command(Command::Shell(script))
        | Body::Healthcheck(Some(Command::Shell(script)))) = &step.instruction.body
        else {
            return Err(Unfit::NoShell);
        };
        // A `#!` line or `bash -c` may select another shell than the stage's for this RUN.
        let run = if step.kind() == Kind::Run {
            facts.run_of(step)
        } else {
            None
        };
        let (kind, options) = match run {
            Some(run) => (run.shell, run.options),
            None => (step.shell.kind, step.shell.options),
        };
        let body = &script.text;
        let names = declared_names(body.as_str(), facts, step);
        let mut text = preamble(kind, options, &names).ok_or(Unfit::NoShell)?;
        if body.as_str().len() > MAX_LENGTH {
            return Err(Unfit::TooLong(body.source_span(0, body.as_str().len())));
        }
        let start = if script.shebang.is_some() {
            body.as_str()
                .find('\n')
                .map_or(body.as_str().len(), |at| at + 1)
        } else {
            0
        };
        let lines = memchr::memchr_iter(b'\n', body.as_str().as_bytes())
            .map(|at| at + 1)
            .filter(|&at| at > start);
        let lines = std::iter::once(start).chain(lines).collect();
        text.push_str(&body.as_str()[start..]);
        text.push('\n');
        Ok((
            Self {
                body: body.clone(),
                before: 2,
                lines,
                is_busybox: kind == ShellKind::Ash,
                lists: lists(facts, step, run),
            },
            text,
        ))
    }

    /// Offset in the body of a line and column, which start at 1, with columns in characters;
    /// `None` for a position in the preamble.
    pub(super) fn offset(&self, line: usize, column: usize) -> Option<usize> {
        let line = line.checked_sub(self.before + 1)?;
        let text = self.body.as_str();
        // The end of the text is on the line after the last.
        let Some(&start) = self.lines.get(line) else {
            return Some(text.len());
        };
        let end = self.lines.get(line + 1).map_or(text.len(), |next| next - 1);
        let line = &text[start..end];
        Some(
            line.char_indices()
                .nth(column.saturating_sub(1))
                .map_or(end, |(at, _)| start + at),
        )
    }

    /// True for a range of the body that is a variable of several words. In quotes, it would be
    /// one.
    pub(super) fn is_list(&self, start: usize, end: usize) -> bool {
        let text = self.body.as_str().get(start..end).unwrap_or_default();
        let name = variable_name(text);
        let upper = name.to_ascii_uppercase();
        self.lists.contains(name) || LIST_NAMES.iter().any(|end| upper.ends_with(end))
    }

    /// Span in the Dockerfile of the whole script.
    pub(super) fn whole(&self) -> Span {
        self.span(0, self.body.as_str().len())
    }

    /// Span in the Dockerfile of a range of the body.
    pub(super) fn span(&self, start: usize, end: usize) -> Span {
        self.body.source_span(start, end)
    }

    /// End of a removal in the body: a word goes with the blank after it, which would otherwise
    /// follow another one.
    pub(super) fn removal_end(&self, start: usize, end: usize) -> usize {
        let text = self.body.as_str();
        let before = text[..start].chars().next_back();
        if before.is_none_or(char::is_whitespace) && text[end..].starts_with(' ') {
            end + 1
        } else {
            end
        }
    }

    /// Span in the Dockerfile of an edit; `None` if it replaces a continuation. Text inserted at
    /// the end of a line stays on that line.
    pub(super) fn edit_span(&self, start: usize, end: usize) -> Option<Span> {
        if start < end {
            let span = self.span(start, end);
            // The span in the file is longer if it contains a continuation.
            if span.end - span.start > end - start {
                return None;
            }
            return Some(span);
        }
        // An insertion between two pieces could go before or after the continuation. It belongs to
        // the word that it touches.
        let follows = self.body.as_str()[start..].chars().next();
        let at = match start.checked_sub(1) {
            Some(last) if follows.is_none_or(char::is_whitespace) => {
                self.body.source_span(last, start).end
            }
            _ => self.body.source_offset(start),
        };
        Some(Span::at(at))
    }
}

/// Returns the variables of a script that contain several words according to their values, and
/// those passed to a package manager as packages.
fn lists(facts: &Facts<'_>, step: &Step<'_>, run: Option<&Run<'_>>) -> BTreeSet<String> {
    let mut lists = BTreeSet::new();
    for name in facts.declared(step) {
        if facts
            .variable(step, name)
            .is_some_and(|value| value.trim().contains(char::is_whitespace))
        {
            lists.insert(name.to_owned());
        }
    }
    let Some(run) = run else { return lists };
    for command in run.script.iter().flat_map(|script| &script.commands) {
        for word in command.assignments.iter().chain(&command.words) {
            if let Some((name, value)) = word.raw.split_once('=')
                && is_shell_name(name)
                // The output of a command may be any number of words.
                && (value.contains(char::is_whitespace) || value.contains(['`', '(']))
            {
                lists.insert(name.to_owned());
            }
        }
    }
    for call in run.package_calls() {
        for argument in &call.call.arguments {
            if argument.values.is_none() && argument.raw.starts_with('$') {
                lists.insert(variable_name(&argument.raw).to_owned());
            }
        }
    }
    lists
}

/// Returns the name in `$NAME` or `${NAME…}`.
fn variable_name(text: &str) -> &str {
    let name = text.trim_start_matches(['$', '{']);
    let end = name
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .unwrap_or(name.len());
    &name[..end]
}

/// Returns the lines before a script: `#!`, for ShellCheck to know the shell and its options, and
/// variables of the image, which it would report as unset.
fn preamble(kind: ShellKind, options: ShellOptions, names: &BTreeSet<&str>) -> Option<String> {
    let shell = match kind {
        ShellKind::Bash => "bash",
        ShellKind::Ksh => "ksh",
        ShellKind::Ash => "ash",
        ShellKind::Dash => "dash",
        ShellKind::Posix => "sh",
        ShellKind::Zsh | ShellKind::PowerShell | ShellKind::Cmd | ShellKind::Other => {
            return None;
        }
    };
    let errexit = if options.errexit { " -e" } else { "" };
    let mut text = format!("#!/bin/{shell}{errexit}\nexport");
    let mut exported: Vec<&str> = VariableClass::Proxy.names().collect();
    exported.extend(names);
    for name in exported {
        // A value without blanks, so that ShellCheck does not ask for quotes around a variable
        // whose value the image's author controls.
        text.push(' ');
        text.push_str(name);
        text.push_str("=1");
    }
    text.push('\n');
    Some(text)
}

/// The declared names that occur in a script. An image may declare thousands, and a file may have
/// as many scripts.
fn declared_names<'s>(script: &'s str, facts: &Facts<'_>, step: &Step<'_>) -> BTreeSet<&'s str> {
    let words: BTreeSet<&str> = script
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| is_shell_name(word))
        .collect();
    words
        .into_iter()
        .filter(|word| facts.is_declared(step, word))
        .collect()
}

fn is_shell_name(name: &str) -> bool {
    let starts_well = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    starts_well
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
