//! Lossless Dockerfile syntax, and the shell inside it.
//!
//! The text is read as BuildKit reads it (`frontend/dockerfile/parser` and `instructions` of
//! moby/buildkit): physical lines, joined to logical lines, cut into keyword, flags and arguments,
//! and these into what the instruction makes of them. Where BuildKit stops at the first error, this
//! goes on with the next line.

// One step of the reading per module. `encoding` refuses what is not a Dockerfile's text, `lines`
// and `split` cut, `directive`, `flags`, `heredoc`, `json` and `word` read one construct each,
// `instruction` and `body` put an instruction together, and `parser` drives them.
mod body;
mod directive;
mod encoding;
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

pub use directive::DIRECTIVES;
pub use shell::{CommandPosition, Pipeline, ShellPart, ShellScript, ShellWord, SimpleCommand};
pub use syntax::*;
pub use unread::{Unread, UnreadReason};

use crate::source::Source;

/// Reads a Dockerfile. It never fails: what BuildKit would refuse is in [`Dockerfile::errors`], and
/// the rest is read.
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
