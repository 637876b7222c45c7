//! Shell scripts inside RUN and similar instructions, and script files: the commands they call.

// There are two parsers. `reader` reads every script that dash or bash accepts, and nothing of one
// with a syntax error. Then `grammar` and `leading_heredoc` produce tree-sitter's tree, which has
// the commands around the error. tree-sitter alone is not enough: of 882 scripts of a Debian system
// its grammar refuses 32, and in some 70 more it takes words or commands for something else.
//
// `node` is the common view of both trees. `walk` and `words` turn it into the types below, and
// `calls` and `options` answer questions about these. No module outside sees a node, so that a
// parser can be replaced.
mod calls;
mod grammar;
mod leading_heredoc;
mod node;
mod options;
mod reader;
mod shared_text;
#[cfg(test)]
mod tests;
mod walk;
mod words;

pub use calls::ProgramCall;
pub use options::ShellOptions;
pub use shared_text::SharedText;

use options::OptionChanges;

use super::syntax::{Joined, Script};
use super::unread::{MAX_SCRIPT, Unread};
use crate::source::Span;

/// A script parsed as bash; all locations refer to the Dockerfile.
#[derive(Debug, Default)]
pub struct ShellScript {
    /// Commands in the order in which they start in the text, including nested ones. The commands
    /// of another shell's script (`bash -c '…'`) follow the command that starts it.
    pub commands: Vec<SimpleCommand>,
    pub pipelines: Vec<Pipeline>,
    pub redirections: Vec<Redirection>,
    /// Loops in the order in which they start in the text.
    pub loops: Vec<Loop>,
    /// Comments, from the `#` to the end of the line as the shell reads it: a continuation in the
    /// Dockerfile does not end it.
    pub comments: Vec<Span>,
    /// Definitions of functions in the order in which they start in the text.
    pub functions: Vec<ShellFunction>,
    /// The script itself first, then every part of it whose settings do not last beyond it.
    pub scopes: Vec<Scope>,
    /// Syntax errors of bash, and the parts in `unread`.
    pub errors: Vec<Span>,
    /// The parts that exceed a limit: their commands are missing here.
    pub unread: Vec<Unread>,
    /// Changes by the `set` commands of each scope.
    settings: OptionChanges,
}

/// One program call: `A=1 program argument > file`.
#[derive(Debug)]
pub struct SimpleCommand {
    /// The span of the words and assignments, including redirections between them.
    pub span: Span,
    /// `NAME=value` before the name, or alone.
    pub assignments: Vec<ShellWord>,
    /// Words, starting with the name; empty if there are only assignments. `export A=1` has two
    /// words, `[ -f x ]` has four.
    pub words: Vec<ShellWord>,
    /// Determines whether its effects last and whether it always runs.
    pub position: CommandPosition,
    /// An index into the script's `scopes`.
    pub scope: usize,
    pub status: StatusUse,
}

/// Whether a script does anything else after a failure of a command.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StatusUse {
    #[default]
    Used,
    /// The command is before `|| true` or the like.
    Ignored,
}

/// The context of a command in its script.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CommandPosition {
    /// True inside `(…)`, `$(…)`, backticks, a stage of a pipeline or another shell's script:
    /// variables and options that it sets do not last.
    pub subshell: bool,
    /// True inside a branch of `if` or `case`, the body of a loop or function, or after `||`. A
    /// command after `&&` is only conditional if an `||` catches the failure, because otherwise the
    /// failure ends the build.
    pub conditional: bool,
}

/// A subshell, or another shell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// The scope whose settings it inherits: an index into the script's `scopes`. `None` for the
    /// script itself and for another shell, `bash -c '…'`.
    pub parent: Option<usize>,
    /// The command that starts another shell: an index into `commands`.
    pub started_by: Option<usize>,
    /// Options on another shell's command line, `bash -eo pipefail -c …`.
    pub options: ShellOptions,
}

#[derive(Clone, Debug)]
pub struct ShellWord {
    pub span: Span,
    /// The text as written. Words contain words (`a "$(b $(c))"`), so it is shared, not copied.
    pub raw: SharedText,
    /// Parts of the word, never two literals in a row; empty for an empty word such as `""`.
    pub parts: Vec<ShellPart>,
}

impl ShellWord {
    /// The argument that the program receives, unless it depends on an expansion. Patterns
    /// (`*.deb`), braces and `~` are as written.
    pub fn literal(&self) -> Option<&str> {
        match self.parts.as_slice() {
            // `""` is an argument too.
            [] => Some(""),
            [ShellPart::Literal(text)] => Some(text),
            _ => None,
        }
    }
}

/// A part of a shell word after quote removal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShellPart {
    Literal(String),
    /// `$NAME`, `${NAME}`, or, if `modified`, `${NAME…}`, whose value may differ.
    Variable {
        span: Span,
        name: String,
        /// Unquoted variables are split at whitespace.
        quoted: bool,
        modified: bool,
    },
    /// Other expansions, such as `$(…)` and `$((…))`.
    Other(Span),
}

/// `a | b`, with the span of each `|`.
#[derive(Debug)]
pub struct Pipeline {
    pub span: Span,
    pub pipes: Vec<Span>,
    /// The first command of each stage, as indices into `commands`. A stage that calls nothing,
    /// such as `((i++))`, has none.
    pub stages: Vec<usize>,
    /// The scope that contains it, not those of its stages: an index into `scopes`.
    pub scope: usize,
    /// True if its failure never ends the script, with or without `pipefail`: in a condition, after
    /// `!`, before `|| true`, in a substitution whose status is not used.
    pub may_fail: bool,
}

/// `for name in words`.
#[derive(Debug)]
pub struct Loop {
    pub variable: String,
    /// Words to iterate over; empty for the arguments of the script, `for name; do`.
    pub words: Vec<ShellWord>,
}

/// `name() { …; }`.
#[derive(Debug)]
pub struct ShellFunction {
    pub name: String,
    /// The whole definition.
    pub span: Span,
}

/// `2> file`, `<<EOF`.
#[derive(Debug)]
pub struct Redirection {
    /// Span of the redirection; for a heredoc, only the opener.
    pub span: Span,
    /// The operator without a file descriptor: `>`, `>>`, `<`, `&>`, `<<-`.
    pub operator: String,
    pub fd: Option<u32>,
    /// The file, or the name of a heredoc; `None` for `>&-`.
    pub target: Option<ShellWord>,
    /// The command that it belongs to, as an index into `commands`; `None` if it belongs to a
    /// group.
    pub command: Option<usize>,
}

/// Parses a script as bash. The caller must not pass PowerShell or cmd scripts.
///
/// A text that is too long is unread as a whole; so is one with an error that tree-sitter cannot
/// parse in reasonable time. Whatever is nested too deeply is unread, too.
pub fn parse(script: &Script) -> ShellScript {
    // Bash for every POSIX shell: its grammar is a superset of dash's and ash's.
    walk::read(&script.text)
}

/// Returns true if a shell accepts a text as a script and the text is not too long.
pub fn is_accepted(text: &str) -> bool {
    text.len() <= MAX_SCRIPT && reader::read(text).is_some()
}

/// Reads the text of a script file. Places are offsets in this text.
pub fn parse_text(text: &str) -> ShellScript {
    let mut joined = Joined::default();
    joined.push(text, 0);
    walk::read(&joined)
}
