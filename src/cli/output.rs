//! Standard output and standard error: decides whether to use color, ignores closed pipes, and lets
//! no control sequences from files or images through.
//!
//! Text for people is built as [`Lines`], which escape text from outside. All of it is printed
//! here.

use std::fmt;
use std::io::{self, IsTerminal as _, Write as _};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};

use super::arguments::{Charset, Color};
use super::pager;
use crate::printable::{Lines, escape};
use crate::report::{self, Rendered};

/// Maximum width of text that is comfortable to read, in columns.
const WIDEST: usize = 100;
/// Minimum plausible width. Terminals that do not know their width report 0 or 1.
const NARROWEST: usize = 20;

/// The width of the terminal, or a comfortable default without one.
pub(super) fn width() -> usize {
    // `COLUMNS` comes first, because scripts and tests set it if there is no terminal to measure.
    let columns = std::env::var("COLUMNS")
        .ok()
        .and_then(|columns| columns.parse().ok())
        .or_else(measured_width);
    columns.map_or(WIDEST, |columns| columns.max(NARROWEST))
}

fn measured_width() -> Option<usize> {
    terminal_size::terminal_size().map(|(width, _)| usize::from(width.0))
}

/// The width to wrap prose to.
pub(super) fn prose_width() -> usize {
    width().min(WIDEST)
}

/// Whether the character set of the locale is UTF-8. POSIX defines the order of the variables, and
/// an empty one counts as unset.
fn is_utf8_locale(variable: &dyn Fn(&str) -> Option<String>) -> bool {
    for name in ["LC_ALL", "LC_CTYPE", "LANG"] {
        let locale = variable(name).unwrap_or_default().to_ascii_lowercase();
        if !locale.is_empty() {
            return locale.contains("utf-8") || locale.contains("utf8");
        }
    }
    false
}

/// Prints help, the version, or an error about the arguments.
pub(super) fn print_usage(error: &clap::Error) {
    let mut lines = Lines::new();
    lines.styled(&error.render().ansi().to_string());
    // A reader such as `head` may close the pipe before the help is printed in full.
    let _ = if error.use_stderr() {
        AutoStream::auto(io::stderr()).write_all(lines.as_str().as_bytes())
    } else {
        AutoStream::auto(io::stdout()).write_all(lines.as_str().as_bytes())
    };
}

/// The streams that a command writes to, with the global options that affect them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Output {
    color: Color,
    quiet: bool,
    charset: Charset,
}

impl Output {
    pub(super) fn new(color: Color, quiet: bool, charset: Charset) -> Self {
        Self {
            color,
            quiet,
            charset,
        }
    }

    /// The capabilities of standard output.
    pub(super) fn style(self) -> report::Style {
        let color = self.color();
        let unicode = self.unicode();
        // Hyperlinks are escape sequences like colors, so they are disabled together.
        let links = color && supports_hyperlinks::on(supports_hyperlinks::Stream::Stdout);
        report::Style {
            color,
            width: width(),
            unicode,
            links,
            excerpts: report::Excerpts::FirstOfRule,
        }
    }

    /// Whether standard output can show characters beyond ASCII.
    pub(super) fn unicode(self) -> bool {
        match self.charset {
            Charset::Utf8 => true,
            Charset::Ascii => false,
            // The locale describes the terminal. The reader of a pipe or a log may use another
            // encoding.
            Charset::Auto => {
                io::stdout().is_terminal() && is_utf8_locale(&|name| std::env::var(name).ok())
            }
        }
    }

    /// The same output without color, unless the command line requests color.
    pub(super) fn without_color(self) -> Self {
        let color = if self.color == Color::Auto {
            Color::Never
        } else {
            self.color
        };
        Self { color, ..self }
    }

    /// Whether standard output is colored.
    pub(super) fn color(self) -> bool {
        match self.color {
            Color::Always => true,
            Color::Never => false,
            // Follows NO_COLOR, CLICOLOR, CLICOLOR_FORCE and TERM as well as the terminal.
            Color::Auto => AutoStream::choice(&io::stdout()) != ColorChoice::Never,
        }
    }

    /// Whether progress is shown: only on a terminal, as a log would fill up with bars.
    pub(super) fn shows_progress(self) -> bool {
        !self.quiet && io::stderr().is_terminal()
    }

    /// Writes text for people to standard output.
    pub(super) fn print(self, text: &Lines) -> anyhow::Result<()> {
        let choice = if self.color() {
            ColorChoice::AlwaysAnsi
        } else {
            ColorChoice::Never
        };
        let stdout = AutoStream::new(io::stdout().lock(), choice);
        write(stdout, text.as_str().as_bytes())
    }

    /// Writes to standard output, through a pager if it is a terminal and the text is long.
    pub(super) fn page(self, text: &Lines) -> anyhow::Result<()> {
        // The pager reads from a pipe, so no stream adapter strips the color.
        let is_shown = if self.color() {
            pager::show(text.as_str())
        } else {
            pager::show(&anstream::adapter::strip_str(text.as_str()).to_string())
        };
        if is_shown {
            return Ok(());
        }
        self.print(text)
    }

    /// Writes a result to standard output.
    pub(super) fn print_rendered(self, rendered: Rendered<'_>) -> anyhow::Result<()> {
        match rendered {
            Rendered::Text(text) => self.print(&text),
            data @ Rendered::Data(_) => {
                let mut stream = io::stdout().lock();
                printed(data.write(&mut stream).and_then(|()| stream.flush()))
            }
        }
    }

    /// Writes data for programs unchanged. Its format already encodes control characters.
    pub(super) fn print_data(bytes: &[u8]) -> anyhow::Result<()> {
        write(io::stdout().lock(), bytes)
    }

    /// Writes the text of a file or a patch: byte for byte to a program, without control characters
    /// to a terminal.
    pub(super) fn print_file(self, bytes: &[u8]) -> anyhow::Result<()> {
        if !io::stdout().is_terminal() {
            return Self::print_data(bytes);
        }
        let mut text = Lines::new();
        for line in String::from_utf8_lossy(bytes).split_inclusive('\n') {
            text.line(line.strip_suffix('\n').unwrap_or(line));
        }
        self.print(&text)
    }

    /// Writes a result to standard error, because standard output is used for another one.
    pub(super) fn print_to_stderr(self, rendered: Rendered<'_>) {
        // There is no stream left to report a failure of standard error on.
        let _ = match rendered {
            Rendered::Text(text) => AutoStream::new(io::stderr().lock(), self.error_choice())
                .write_all(text.as_str().as_bytes()),
            data @ Rendered::Data(_) => data.write(&mut io::stderr().lock()),
        };
    }

    /// Whether only the result is wanted.
    pub(super) fn is_quiet(self) -> bool {
        self.quiet
    }

    /// Writes text for people to standard error, because standard output is used for a result; not
    /// with `--quiet`.
    pub(super) fn print_notes(self, text: Lines) {
        if !self.quiet {
            self.print_to_stderr(Rendered::Text(text));
        }
    }

    /// Adds a note about the run, on standard error; not with `--quiet`.
    pub(super) fn note(self, text: impl fmt::Display) {
        if !self.quiet {
            self.message("note", AnsiColor::Cyan, &text.to_string());
        }
    }

    /// Warns about input that was ignored, also with `--quiet`: the result may be incomplete.
    pub(super) fn warning(self, text: impl fmt::Display) {
        self.message("warning", AnsiColor::Yellow, &text.to_string());
    }

    /// Reports an error with its causes.
    pub(super) fn error(self, error: &anyhow::Error) {
        self.message("error", AnsiColor::Red, &format!("{error:#}"));
    }

    /// Adds a note with a list below it.
    pub(super) fn note_list(self, text: impl fmt::Display, list: &[String]) {
        self.note(text);
        let mut lines = Lines::new();
        for line in list {
            lines.line(format_args!("  {line}"));
        }
        self.print_notes(lines);
    }

    /// Writes a message to standard error. Lines after the first, such as the output of a failed
    /// program, get a gutter like lines of a file, so that they cannot be mistaken for separate
    /// messages.
    fn message(self, label: &str, color: AnsiColor, text: &str) {
        let style = Style::new().bold().fg_color(Some(color.into()));
        let mut lines = text.trim_end().lines();
        let mut message = Lines::new();
        let first = escape(lines.next().unwrap_or_default());
        message.styled(&format!("{style}{label}{style:#}: {first}"));
        for line in lines {
            message.line(format_args!("  | {line}"));
        }
        self.print_to_stderr(Rendered::Text(message));
    }

    fn error_choice(self) -> ColorChoice {
        match self.color {
            Color::Always => ColorChoice::AlwaysAnsi,
            Color::Never => ColorChoice::Never,
            Color::Auto => AutoStream::choice(&io::stderr()),
        }
    }
}

fn write(mut stream: impl io::Write, bytes: &[u8]) -> anyhow::Result<()> {
    printed(stream.write_all(bytes).and_then(|()| stream.flush()))
}

/// The result of writing to standard output.
fn printed(written: io::Result<()>) -> anyhow::Result<()> {
    match written {
        // A reader such as `head` closes the pipe when it has read enough. That is not an error.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(anyhow::Error::new(error).context("cannot write to standard output"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_locale_variable_that_is_set_decides_the_character_set() {
        let locale = |set: &'static [(&str, &str)]| {
            is_utf8_locale(&|name| {
                set.iter()
                    .find(|(known, _)| *known == name)
                    .map(|(_, value)| (*value).to_owned())
            })
        };
        assert!(locale(&[("LANG", "de_DE.UTF-8")]));
        assert!(locale(&[
            ("LC_ALL", ""),
            ("LC_CTYPE", "C.utf8"),
            ("LANG", "C")
        ]));
        assert!(!locale(&[("LC_ALL", "C"), ("LANG", "de_DE.UTF-8")]));
        assert!(!locale(&[]));
    }
}
