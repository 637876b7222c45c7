//! A script as ShellCheck is given it: what the image knows before it, and the way back to the
//! Dockerfile.

use crate::dockerfile::{Body, Command, Joined, Kind};
use crate::lint::Facts;
use crate::lint::facts::{ShellKind, Step};
use crate::source::Span;

/// Longer scripts, in bytes, are nobody's, and ShellCheck's time and memory grow faster than they
/// do.
const LONGEST_SCRIPT: usize = 1 << 18;

/// Set by the builder, or for it, in every RUN.
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

/// The text of an instruction for its shell, and where in it ShellCheck's lines are.
#[derive(Debug)]
pub(super) struct Script {
    body: Joined,
    /// How many lines ShellCheck sees before `lines`.
    before: usize,
    /// Where the lines of the body start; not the one of `#!`, which stands among those before.
    lines: Vec<usize>,
    /// Whether BusyBox's ash reads it, for which ShellCheck takes dash.
    pub(super) is_busybox: bool,
}

impl Script {
    /// The script of a step and the text to check; none where no shell takes part that ShellCheck
    /// knows.
    pub(super) fn of(facts: &Facts<'_>, step: &Step<'_>) -> Option<(Self, String)> {
        let (Body::Command(Command::Shell(script))
        | Body::Healthcheck(Some(Command::Shell(script)))) = &step.instruction.body
        else {
            return None;
        };
        if script.text.as_str().len() > LONGEST_SCRIPT {
            return None;
        }
        let run = (step.kind() == Kind::Run)
            .then(|| facts.run_of(step))
            .flatten();
        let (kind, options) = run.map_or((step.shell.kind, step.shell.options), |run| {
            (run.shell, run.options)
        });
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
        let mut text = format!("#!/bin/{shell}{errexit}\n");
        let names: Vec<&str> = facts
            .declared(step)
            .into_iter()
            .filter(|name| is_shell_name(name))
            .collect();
        text.push_str("export");
        for name in PROXIES.iter().chain(&names) {
            // A value without blanks: whether the real one has any is for whoever set it.
            text.push(' ');
            text.push_str(name);
            text.push_str("=1");
        }
        text.push('\n');
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

    /// The offset in the body of a place, both numbers from 1, columns in characters; none for what
    /// stands before it.
    pub(super) fn offset(&self, line: usize, column: usize) -> Option<usize> {
        let line = line.checked_sub(self.before + 1)?;
        let text = self.body.as_str();
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

    /// The place in the Dockerfile of a range of the body.
    pub(super) fn span(&self, start: usize, end: usize) -> Span {
        self.body.source_span(start, end)
    }

    /// The place in the Dockerfile of an edit; none where a continuation stands in what it
    /// replaces. What is put at the end of a line stays on that line.
    pub(super) fn edit_span(&self, start: usize, end: usize) -> Option<Span> {
        if start < end {
            let span = self.span(start, end);
            return (span.end - span.start == end - start).then_some(span);
        }
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

fn is_shell_name(name: &str) -> bool {
    let starts_well = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    starts_well
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
