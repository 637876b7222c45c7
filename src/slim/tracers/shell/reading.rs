//! The place of a shell text, and its lines.

use super::values::Values;
use crate::image::NameId;
use crate::slim::why::{Field, Root, Why};

/// The location of a script, which is the source of its reasons.
#[derive(Clone, Copy)]
pub(super) enum Place {
    File(NameId),
    /// A script in a language package that nothing starts by name; its commands are only mentions.
    Unstarted(NameId),
    Field(Field),
}

impl Place {
    pub(super) fn by(self) -> Option<NameId> {
        match self {
            Self::File(name) | Self::Unstarted(name) => Some(name),
            Self::Field(_) => None,
        }
    }

    pub(super) fn why(self, word: &str, line: usize, of_file: fn(String, usize) -> Why) -> Why {
        match self {
            Self::File(_) => of_file(word.to_owned(), line),
            Self::Unstarted(_) => Why::mention(word.to_owned(), line),
            Self::Field(of) => Why::Root(Root::ShellText {
                of,
                word: word.to_owned(),
                line,
            }),
        }
    }
}

/// Facts about a text that are known before it is read.
pub(super) struct Reading<'a> {
    pub(super) place: Place,
    /// The argument of the `eval` that runs the text.
    pub(super) eval: Option<&'a str>,
    pub(super) values: &'a Values,
    /// Number of lines before the text in its file.
    pub(super) base: usize,
    /// The nesting level of the text: `trap 'eval "…"' EXIT`.
    pub(super) depth: usize,
    /// The number of nested includes up to this file.
    pub(super) includes: usize,
}

impl Reading<'_> {
    pub(super) fn is_started(&self) -> bool {
        !matches!(self.place, Place::Unstarted(_))
    }
}

/// The offsets at which the lines of a text begin.
pub(in crate::slim) struct Lines {
    starts: Vec<usize>,
    /// Number of lines before the text.
    base: usize,
}

impl Lines {
    pub(in crate::slim) fn of(text: &str, base: usize) -> Self {
        Self {
            starts: memchr::memchr_iter(b'\n', text.as_bytes())
                .map(|at| at + 1)
                .collect(),
            base,
        }
    }

    /// The number of the line that contains a byte, counted from 1.
    pub(in crate::slim) fn line(&self, offset: usize) -> usize {
        self.base + self.starts.partition_point(|&start| start <= offset) + 1
    }
}
