//! The shell inside RUN and its like: which commands a script calls, read with tree-sitter.

mod calls;
mod grammar;
mod leading_heredoc;
mod options;
mod shared_text;
#[cfg(test)]
mod tests;
mod walk;
mod words;

pub use calls::Call;
pub use options::Options;
pub use shared_text::SharedText;

use options::Settings;

use super::syntax::{Joined, Script};
use super::unread::Unread;
use crate::source::Span;

/// A script, read as bash; every place is one of the Dockerfile.
#[derive(Debug, Default)]
pub struct ShellScript {
    /// In the order they start in the text, however deep they are nested. Those of the text that a
    /// command hands to another shell (`bash -c '…'`) follow that command.
    pub commands: Vec<SimpleCommand>,
    pub pipelines: Vec<Pipeline>,
    pub redirections: Vec<Redirection>,
    /// In the order they start in the text.
    pub loops: Vec<Loop>,
    /// The script itself first, then every part of it whose settings do not last beyond it.
    pub scopes: Vec<Scope>,
    /// Where the text is not a script that bash would take, and the parts in `unread`.
    pub errors: Vec<Span>,
    /// The parts that exceed a limit: their commands are missing here.
    pub unread: Vec<Unread>,
    /// What the `set` commands of each scope change.
    settings: Settings,
}

/// One program call: `A=1 program argument > file`.
#[derive(Debug)]
pub struct SimpleCommand {
    /// The words and assignments; redirections only where they stand between these.
    pub span: Span,
    /// `NAME=value` before the name, or alone.
    pub assignments: Vec<ShellWord>,
    /// The name first; none where there are assignments only. `export A=1` has two words,
    /// `[ -f x ]` has four.
    pub words: Vec<ShellWord>,
    /// How the list goes on after this command.
    pub position: Position,
    /// An index into the script's `scopes`.
    pub scope: usize,
}

/// Where a command stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Inside `(…)`, `$(…)`, backticks, a stage of a pipeline or another shell's text: what it sets
    /// does not last.
    pub subshell: bool,
    /// Inside a branch of `if` or `case`, the body of a loop or function, or after
    /// `||`. What follows `&&` is conditional only where an `||` catches the failure: otherwise the
    /// failure ends the build.
    pub conditional: bool,
}

/// A subshell, or another shell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// The scope whose settings it starts with: an index into the script's
    /// `scopes`. None for the script itself and for another shell, `bash -c '…'`.
    pub parent: Option<usize>,
    /// For another shell the command that starts it: an index into `commands`.
    pub started_by: Option<usize>,
    /// What another shell is started with, `bash -eo pipefail -c …`.
    pub options: Options,
}

#[derive(Clone, Debug)]
pub struct ShellWord {
    pub span: Span,
    /// As written. Words hold words (`a "$(b $(c))"`), so the text is shared, not copied.
    pub raw: SharedText,
    /// Never two literals in a row; none where the word is empty once its quotes are removed.
    pub parts: Vec<ShellPart>,
}

impl ShellWord {
    /// What the program sees, where no expansion decides it. Patterns (`*.deb`), braces and `~` are
    /// as written.
    pub fn literal(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [ShellPart::Literal(text)] => Some(text),
            _ => None,
        }
    }
}

/// What a word is once quotes are removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShellPart {
    Literal(String),
    /// `$NAME`, `${NAME}`, or with `modified` `${NAME…}`, whose value may be another one.
    Variable {
        span: Span,
        name: String,
        /// Unquoted ones are split at blanks.
        quoted: bool,
        modified: bool,
    },
    /// `$(…)`, `$((…))` and the like.
    Other(Span),
}

/// `a | b`, with the span of each `|`.
#[derive(Debug)]
pub struct Pipeline {
    pub span: Span,
    pub pipes: Vec<Span>,
    /// Indices into
    /// `commands`, the first command of each stage. A stage that calls nothing, as `((i++))`, has
    /// none.
    pub stages: Vec<usize>,
    /// The scope that it stands in, not those of its stages: an index into `scopes`.
    pub scope: usize,
}

/// `for name in words`.
#[derive(Debug)]
pub struct Loop {
    pub variable: String,
    /// None for the arguments of the script, `for name; do`.
    pub words: Vec<ShellWord>,
}

/// `2> file`, `<<EOF`.
#[derive(Debug)]
pub struct Redirection {
    /// For a heredoc the opener alone.
    pub span: Span,
    /// As written, without a file descriptor: `>`, `>>`, `<`, `&>`, `<<-`.
    pub operator: String,
    pub fd: Option<u32>,
    /// None for `>&-`. For a heredoc its name.
    pub target: Option<ShellWord>,
    /// Whose it is: an index into `commands`; none where it is a group's.
    pub command: Option<usize>,
}

/// Reads a script as bash; PowerShell and cmd are not for it.
///
/// A text that is too long, or that tree-sitter cannot parse in reasonable time, is unread as a
/// whole; so is whatever is nested too deeply.
pub fn parse(script: &Script) -> ShellScript {
    walk::read(&script.text)
}

/// Reads the text of a script file. Places are offsets in this text.
pub fn parse_text(text: &str) -> ShellScript {
    let mut joined = Joined::default();
    joined.push(text, 0);
    walk::read(&joined)
}
