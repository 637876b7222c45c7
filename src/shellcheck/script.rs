//! A script for ShellCheck: a preamble with the variables of the image, and the mapping from its
//! lines to the Dockerfile.

use crate::dockerfile::shell::ShellOptions;
use crate::dockerfile::{Body, Command, Joined, Kind};
use crate::lint::Facts;
use crate::lint::facts::{ShellKind, Step};
use crate::source::Span;

/// Longest script, in bytes. Nobody writes longer ones, and ShellCheck's time and memory grow
/// faster than the length.
const MAX_LENGTH: usize = 1 << 18;

/// Variables that BuildKit predefines in every RUN.
const PROXIES: [&str; 10] = [
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "FTP_PROXY",
    "ftp_proxy",
    "NO_PROXY",
    "no_proxy",
    "ALL_PROXY",
    "all_proxy",
];

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
}

impl Script {
    /// Returns the script of a step and the text to check; `None` if ShellCheck does not support
    /// the shell.
    pub(super) fn of(facts: &Facts<'_>, step: &Step<'_>) -> Option<(Self, String)> {
        let (Body::Command(Command::Shell(script))
        | Body::Healthcheck(Some(Command::Shell(script)))) = &step.instruction.body
        else {
            return None;
        };
        if script.text.as_str().len() > MAX_LENGTH {
            return None;
        }
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
        let mut text = preamble(kind, options, &facts.declared(step))?;
        let body = &script.text;
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
        Some((
            Self {
                body: body.clone(),
                before: 2,
                lines,
                is_busybox: kind == ShellKind::Ash,
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

    /// Span in the Dockerfile of a range of the body.
    pub(super) fn span(&self, start: usize, end: usize) -> Span {
        self.body.source_span(start, end)
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

/// Returns the lines before a script: a `#!` line, which tells ShellCheck the shell and its
/// options, and the variables of the image, which it would otherwise report as unset.
fn preamble(kind: ShellKind, options: ShellOptions, names: &[&str]) -> Option<String> {
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
    for name in PROXIES.iter().chain(names) {
        // ENV accepts names that shells do not, which would be a syntax error here.
        if is_shell_name(name) {
            // A value without spaces, so that ShellCheck does not require quotes around a variable
            // whose value the image's author controls.
            text.push(' ');
            text.push_str(name);
            text.push_str("=1");
        }
    }
    text.push('\n');
    Some(text)
}

fn is_shell_name(name: &str) -> bool {
    let starts_well = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    starts_well
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
