//! Standard output and standard error: colour where it is wanted, silence on a closed pipe.

use std::io::{self, IsTerminal as _, Write as _};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};

use super::arguments::{Charset, Color};
use super::pager;
use crate::report;

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

    /// Writes to standard output. That the reader has gone is not an error: it has seen what it
    /// wanted.
    pub(super) fn print(self, text: &str) -> anyhow::Result<()> {
        let choice = if self.color() {
            ColorChoice::AlwaysAnsi
        } else {
            ColorChoice::Never
        };
        let mut stdout = AutoStream::new(io::stdout().lock(), choice);
        match stdout
            .write_all(text.as_bytes())
            .and_then(|()| stdout.flush())
        {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(anyhow::Error::new(error).context("cannot write to standard output"))
            }
            _ => Ok(()),
        }
    }

    /// Writes to standard output, with a pager where that is a terminal and the text is long.
    pub(super) fn page(self, text: &str) -> anyhow::Result<()> {
        let plain = (!self.color()).then(|| anstream::adapter::strip_str(text).to_string());
        if pager::show(plain.as_deref().unwrap_or(text)) {
            Ok(())
        } else {
            self.print(text)
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
        let _ =
            AutoStream::new(io::stderr().lock(), self.error_choice()).write_all(text.as_bytes());
    }

    /// Whether only the result is wanted.
    pub(super) fn is_quiet(self) -> bool {
        self.quiet
    }

    /// Says something besides the result, on standard error; not with `--quiet`.
    pub(super) fn note(self, text: &str) {
        if !self.quiet {
            self.say("note", AnsiColor::Cyan, text);
        }
    }

    /// Says what was left out although it was asked for, also with `--quiet`.
    pub(super) fn warning(self, text: &str) {
        self.say("warning", AnsiColor::Yellow, text);
    }

    /// Says what could not be done, with its causes.
    pub(super) fn error(self, error: &anyhow::Error) {
        self.say("error", AnsiColor::Red, &format!("{error:#}"));
    }

    fn say(self, label: &str, color: AnsiColor, text: &str) {
        let choice = self.error_choice();
        let style = Style::new().bold().fg_color(Some(color.into()));
        // Nothing is left to tell a closed standard error.
        let _ = writeln!(
            AutoStream::new(io::stderr().lock(), choice),
            "{style}{label}{style:#}: {text}"
        );
    }

    fn error_choice(self) -> ColorChoice {
        match self.color {
            Color::Always => ColorChoice::AlwaysAnsi,
            Color::Never => ColorChoice::Never,
            Color::Auto => AutoStream::choice(&io::stderr()),
        }
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
