//! Standard output and standard error: color where it is wanted, silence on a closed pipe, and
//! nothing that a terminal would obey.
//!
//! Text for people is [`Lines`], which escape what comes from outside. All of it passes here.

use std::fmt;
use std::io::{self, IsTerminal as _, Write as _};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};

use super::arguments::{Charset, Color};
use super::pager;
use crate::printable::{Lines, escape};
use crate::report::{self, Rendered};

/// The widest text that is comfortable to read, in columns.
const WIDEST: usize = 100;
/// What is narrower than this is taken for a terminal that does not know its width.
const NARROWEST: usize = 20;

/// The columns of the terminal; without one, a comfortable number.
pub(super) fn width() -> usize {
    let told = std::env::var("COLUMNS")
        .ok()
        .and_then(|columns| columns.parse().ok());
    let measured = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    told.or_else(measured)
        .map_or(WIDEST, |columns| columns.max(NARROWEST))
}

/// The columns to wrap prose to.
pub(super) fn prose_width() -> usize {
    width().min(WIDEST)
}

/// Whether the first variable that names the locale's characters names UTF-8.
fn is_utf8_locale(variable: &dyn Fn(&str) -> Option<String>) -> bool {
    let set = |name: &&str| variable(name).filter(|value| !value.is_empty());
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .find_map(set)
        .unwrap_or_default()
        .to_ascii_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

/// Prints help, the version, or what is wrong with the arguments.
pub(super) fn print_usage(error: &clap::Error) {
    let mut lines = Lines::new();
    lines.styled(&error.render().ansi().to_string());
    // A closed pipe while help is printed is no failure.
    let _ = if error.use_stderr() {
        AutoStream::auto(io::stderr()).write_all(lines.as_str().as_bytes())
    } else {
        AutoStream::auto(io::stdout()).write_all(lines.as_str().as_bytes())
    };
}

/// Where a command's words go.
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

    /// What standard output can show.
    pub(super) fn style(self) -> report::Style {
        let color = self.color();
        let unicode = self.unicode();
        let links = color && supports_hyperlinks::on(supports_hyperlinks::Stream::Stdout);
        report::Style {
            color,
            width: width(),
            unicode,
            links,
        }
    }

    /// Whether standard output takes characters beyond ASCII; what is no terminal is left with
    /// ASCII.
    pub(super) fn unicode(self) -> bool {
        match self.charset {
            Charset::Utf8 => true,
            Charset::Ascii => false,
            Charset::Auto => {
                io::stdout().is_terminal() && is_utf8_locale(&|name| std::env::var(name).ok())
            }
        }
    }

    /// The same without colour, unless the command line asks for it.
    pub(super) fn without_color(self) -> Self {
        let color = if self.color == Color::Auto {
            Color::Never
        } else {
            self.color
        };
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

    /// Writes to standard output, with a pager where that is a terminal and the text is long.
    pub(super) fn page(self, text: &Lines) -> anyhow::Result<()> {
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
    pub(super) fn print_rendered(self, rendered: &Rendered) -> anyhow::Result<()> {
        match rendered {
            Rendered::Text(text) => self.print(text),
            Rendered::Data(data) => Self::print_data(data.as_bytes()),
        }
    }

    /// Writes what is for programs, as it is: its format keeps terminals from obeying it.
    pub(super) fn print_data(bytes: &[u8]) -> anyhow::Result<()> {
        write(io::stdout().lock(), bytes)
    }

    /// Writes the text of a file, or a patch of one. A program gets every byte of it; on a
    /// terminal a person looks at it.
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

    /// Writes to standard error what is a result, where standard output has another.
    pub(super) fn print_besides(self, rendered: &Rendered) {
        // Nothing is left to tell a closed standard error.
        let _ = match rendered {
            Rendered::Text(text) => AutoStream::new(io::stderr().lock(), self.error_choice())
                .write_all(text.as_str().as_bytes()),
            Rendered::Data(data) => io::stderr().lock().write_all(data.as_bytes()),
        };
    }

    /// Whether only the result is wanted.
    pub(super) fn is_quiet(self) -> bool {
        self.quiet
    }

    /// Writes text for people to standard error, as standard output has another result; not with
    /// `--quiet`.
    pub(super) fn print_notes(self, text: Lines) {
        if !self.quiet {
            self.print_besides(&Rendered::Text(text));
        }
    }

    /// Adds a note about the run, on standard error; not with `--quiet`.
    pub(super) fn note(self, text: impl fmt::Display) {
        if !self.quiet {
            self.say("note", AnsiColor::Cyan, &text.to_string());
        }
    }

    /// Warns that something requested was left out, also with `--quiet`.
    pub(super) fn warning(self, text: impl fmt::Display) {
        self.say("warning", AnsiColor::Yellow, &text.to_string());
    }

    /// Reports what could not be done, with its causes.
    pub(super) fn error(self, error: &anyhow::Error) {
        self.say("error", AnsiColor::Red, &format!("{error:#}"));
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

    /// A message may have lines of its own, such as those of a program that failed. Like lines of
    /// a file, they are shown behind a gutter.
    fn say(self, label: &str, color: AnsiColor, text: &str) {
        let style = Style::new().bold().fg_color(Some(color.into()));
        let mut lines = text.trim_end().lines();
        let mut message = Lines::new();
        let first = escape(lines.next().unwrap_or_default());
        message.styled(&format!("{style}{label}{style:#}: {first}"));
        for line in lines {
            message.line(format_args!("  | {line}"));
        }
        self.print_besides(&Rendered::Text(message));
    }

    fn error_choice(self) -> ColorChoice {
        match self.color {
            Color::Always => ColorChoice::AlwaysAnsi,
            Color::Never => ColorChoice::Never,
            Color::Auto => AutoStream::choice(&io::stderr()),
        }
    }
}

/// That the reader has gone is not an error: it has seen what it wanted.
fn write(mut stream: impl io::Write, bytes: &[u8]) -> anyhow::Result<()> {
    match stream.write_all(bytes).and_then(|()| stream.flush()) {
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
    fn the_first_variable_that_is_set_says_the_characters() {
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
