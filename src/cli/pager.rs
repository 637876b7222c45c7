//! Long texts on a terminal, a screen at a time.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::trust;

/// What shows a text where PAGER names nothing: `less` with colours, which leaves short texts on
/// the screen.
const DEFAULT: &str = "less -FRX";

/// Shows a text with the pager, where standard output is a terminal that it is too long for;
/// whether that was done.
pub(super) fn show(text: &str) -> bool {
    let rows = terminal_size::terminal_size().map(|(_, rows)| usize::from(rows.0));
    let is_long = rows.is_some_and(|rows| text.lines().count() >= rows);
    if !is_long || !io::stdout().is_terminal() {
        return false;
    }
    let pager = std::env::var("PAGER").unwrap_or_else(|_| DEFAULT.to_owned());
    let mut words = pager.split_whitespace();
    words
        .next()
        .filter(|&program| program != "cat")
        .is_some_and(|program| run(program, words, text).is_ok())
}

/// Fails where the program cannot be started. That it ends before the text does is the reader's
/// choice.
fn run<'w>(program: &str, arguments: impl Iterator<Item = &'w str>, text: &str) -> io::Result<()> {
    let mut pager = Command::new(located(program)?)
        .args(arguments)
        .stdin(Stdio::piped())
        .spawn()?;
    if let Some(mut stdin) = pager.stdin.take() {
        let _ = stdin.write_all(text.as_bytes());
    }
    pager.wait().map(|_| ())
}

/// A path as it is, a name on `PATH`.
fn located(program: &str) -> io::Result<PathBuf> {
    if program.contains('/') {
        return Ok(PathBuf::from(program));
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    trust::find_program(program, &path).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pager_that_is_not_there_is_an_error_and_one_that_ends_early_is_none() {
        assert!(run("jettison-has-no-such-pager", std::iter::empty(), "text").is_err());
        assert!(run("true", std::iter::empty(), &"text\n".repeat(100_000)).is_ok());
    }
}
