//! Lossless parser for Dockerfiles and the shell scripts in them.
//!
//! The text is parsed like in BuildKit (`frontend/dockerfile/parser` and `instructions` of
//! moby/buildkit): physical lines are joined to logical lines, which are split into keyword, flags
//! and arguments; arguments are parsed depending on the instruction. BuildKit stops at the first
//! error; this parser continues with the next line.

// Each module is one step of parsing: `lines` and `split` find boundaries, `directive`, `flags`,
// `heredoc`, `json` and `word` parse one construct each, `instruction` and `body` assemble an
// instruction, and `parser` drives them.
mod body;
mod directive;
mod flags;
mod heredoc;
mod instruction;
mod json;
mod lines;
mod parser;
pub mod shell;
mod split;
mod syntax;
mod unread;
mod word;

pub use shell::{CommandPosition, Pipeline, ShellPart, ShellScript, ShellWord, SimpleCommand};
pub use syntax::*;
pub use unread::{Unread, UnreadReason};

use crate::source::Source;

/// Parses a Dockerfile. It never fails: problems that BuildKit would reject are in
/// [`Dockerfile::errors`], and the rest is parsed.
pub fn parse(source: &Source) -> Dockerfile {
    parser::Parser::new(source.text()).run()
}
