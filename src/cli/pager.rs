//! Pager for long texts on a terminal.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::trust;

/// Default pager if `PAGER` is not set, with git's flags: quit if the text fits one screen (`-F`),
/// show colors (`-R`), and leave the text on the screen (`-X`).
const DEFAULT: &str = "less -FRX";

/// Shows a text with the pager if standard output is a terminal and the text is too long for it.
/// Returns `false` if the text was not shown.
pub(super) fn show(text: &str) -> bool {
    let rows = terminal_size::terminal_size().map(|(_, rows)| usize::from(rows.0));
    let is_long = rows.is_some_and(|rows| text.lines().count() >= rows);
    if !is_long || !io::stdout().is_terminal() {
        return false;
    }
    let pager = std::env::var("PAGER").unwrap_or_else(|_| DEFAULT.to_owned());
    let mut words = pager.split_whitespace();
    match words.next() {
        // An empty value and `cat` are the usual ways to disable the pager.
        None | Some("cat") => false,
        Some(program) => run(program, words, text).is_ok(),
    }
}

/// Runs a pager until it ends.
///
/// # Errors
///
/// If the program cannot be started. It is not an error if the user quits before the end of the
/// text.
fn run<'w>(program: &str, arguments: impl Iterator<Item = &'w str>, text: &str) -> io::Result<()> {
    let mut pager = Command::new(located(program)?)
        .args(arguments)
        .stdin(Stdio::piped())
        .spawn()?;
    if let Some(mut stdin) = pager.stdin.take() {
        // Fails when the pager ends early.
        let _ = stdin.write_all(text.as_bytes());
    }
    pager.wait().map(|_| ())
}

/// The path of a pager: a path is used as is, a name is looked up on `PATH`.
fn located(program: &str) -> io::Result<PathBuf> {
    if program.contains('/') {
        return Ok(PathBuf::from(program));
    }
    // Skips relative `PATH` entries such as `.`, because a repository could contain a `less`.
    let path = std::env::var_os("PATH").unwrap_or_default();
    trust::find_program(program, &path).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_pager_is_an_error_but_one_that_exits_early_is_not() {
        assert!(run("jettison-has-no-such-pager", std::iter::empty(), "text").is_err());
        assert!(run("true", std::iter::empty(), &"text\n".repeat(100_000)).is_ok());
    }
}
