//! Standard output and standard error: colour where it is wanted, silence on a closed pipe.

use std::io::{self, IsTerminal as _, Write as _};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};

use super::arguments::Color;

/// The widest text that is comfortable to read, in columns.
const WIDEST: usize = 100;
/// What is narrower than this is taken for a terminal that does not know its width.
const NARROWEST: usize = 20;

/// The columns of the terminal; without one, a comfortable number.
pub(super) fn width() -> usize {
    terminal_size::terminal_size().map_or(WIDEST, |(width, _)| usize::from(width.0).max(NARROWEST))
}

/// The columns to wrap prose to.
pub(super) fn prose_width() -> usize {
    width().min(WIDEST)
}

/// Where a command's words go.
#[derive(Clone, Copy, Debug)]
pub(super) struct Output {
    color: Color,
    quiet: bool,
}

impl Output {
    pub(super) fn new(color: Color, quiet: bool) -> Self {
        Self { color, quiet }
    }

    /// The same without colour, unless the command line asks for it.
    pub(super) fn without_color(self) -> Self {
        let color = if self.color == Color::Auto { Color::Never } else { self.color };
        Self { color, ..self }
    }

    /// Whether standard output takes colour.
    pub(super) fn color(self) -> bool {
        match self.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => AutoStream::choice(&io::stdout()) != ColorChoice::Never,
        }
    }

    /// Whether there is somebody to watch progress.
    pub(super) fn shows_progress(self) -> bool {
        !self.quiet && io::stderr().is_terminal()
    }

    /// Writes to standard output. That the reader has gone is not an error: it has seen what it wanted.
    pub(super) fn print(self, text: &str) -> anyhow::Result<()> {
        let choice = if self.color() { ColorChoice::AlwaysAnsi } else { ColorChoice::Never };
        let mut stdout = AutoStream::new(io::stdout().lock(), choice);
        match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(anyhow::Error::new(error).context("cannot write to standard output"))
            }
            _ => Ok(()),
        }
    }

    /// Writes bytes that are for programs, as they are.
    pub(super) fn print_bytes(bytes: &[u8]) -> anyhow::Result<()> {
        let mut stdout = io::stdout().lock();
        match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(anyhow::Error::new(error).context("cannot write to standard output"))
            }
            _ => Ok(()),
        }
    }

    /// Writes to standard error what is a result, where standard output has another.
    pub(super) fn print_besides(self, text: &str) {
        // Nothing is left to tell a closed standard error.
        let _ = AutoStream::new(io::stderr().lock(), self.error_choice()).write_all(text.as_bytes());
    }

    /// Says something besides the result, on standard error; not with `--quiet`.
    pub(super) fn note(self, text: &str) {
        if !self.quiet {
            self.say("note", AnsiColor::Cyan, text);
        }
    }

    /// Says what could not be done, with its causes.
    pub(super) fn error(self, error: &anyhow::Error) {
        self.say("error", AnsiColor::Red, &format!("{error:#}"));
    }

    fn say(self, label: &str, color: AnsiColor, text: &str) {
        let choice = self.error_choice();
        let style = Style::new().bold().fg_color(Some(color.into()));
        // Nothing is left to tell a closed standard error.
        let _ = writeln!(AutoStream::new(io::stderr().lock(), choice), "{style}{label}{style:#}: {text}");
    }

    fn error_choice(self) -> ColorChoice {
        match self.color {
            Color::Always => ColorChoice::AlwaysAnsi,
            Color::Never => ColorChoice::Never,
            Color::Auto => AutoStream::choice(&io::stderr()),
        }
    }
}
