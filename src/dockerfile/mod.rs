//! Lossless parser for Dockerfiles and the shell scripts in them.
//!
//! The text is parsed like in BuildKit (`frontend/dockerfile/parser` and `instructions` of
//! moby/buildkit): physical lines are joined to logical lines, which are split into keyword, flags
//! and arguments; arguments are parsed depending on the instruction. BuildKit stops at the first
//! error; this parser continues with the next line.

// Each module is one step of parsing. `encoding` rejects input that is not text, `lines`, `quotes`
// and `split` split it, `directive`, `flags`, `heredoc`, `json` and `word` parse one construct
// each, `instruction` and `body` assemble an instruction, and `parser` calls them.
mod body;
mod directive;
mod encoding;
mod flags;
mod heredoc;
mod instruction;
mod json;
mod lines;
mod parser;
mod quotes;
pub mod shell;
mod split;
mod syntax;
mod unread;
mod word;

pub use directive::DIRECTIVES;
pub use quotes::{Quotes, are_quotes_open_at};
pub use shell::{CommandPosition, Pipeline, ShellPart, ShellScript, ShellWord, SimpleCommand};
pub use syntax::*;
pub use unread::{Unread, UnreadReason};

use crate::source::Source;

/// Parses a Dockerfile. It never fails: problems that BuildKit would reject are in
/// [`Dockerfile::errors`], and the rest is parsed.
pub fn parse(source: &Source) -> Dockerfile {
    let text = source.text();
    if let Some(error) = encoding::wide_text(source) {
        return encoding::unread(text, error);
    }
    let file = parser::Parser::new(text).run();
    // A carriage return inside a line is valid, so only a file with errors is suspected.
    if !file.errors.is_empty()
        && let Some(error) = encoding::lone_carriage_returns(text)
    {
        return encoding::unread(text, error);
    }
    file
}
