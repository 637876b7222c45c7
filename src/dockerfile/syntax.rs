//! The syntax tree of a Dockerfile: tokens that cover the text, and the instructions above them.
//!
//! Everything that has a place carries a [`Span`] of the source. Text that continuation lines cut
//! in pieces is also held joined, as BuildKit passes it on, in a [`Joined`] that maps every byte
//! back to the source.

use std::ops::Range;

use super::unread::Unread;
use crate::source::Span;

/// A file as read: nothing is lost, and an error does not end the reading.
#[derive(Debug)]
pub struct Dockerfile {
    /// The escape character: `\`, or `` ` `` by directive.
    pub escape: char,
    pub directives: Vec<Directive>,
    /// All comment lines, also those between the lines of an instruction; not those inside
    /// heredocs.
    pub comments: Vec<Comment>,
    pub instructions: Vec<Instruction>,
    pub errors: Vec<SyntaxError>,
    /// The first line of the rest of a file that exceeds a limit.
    pub unread: Option<Unread>,
    /// True for a text in another encoding, or with line ends of another system: it has one error
    /// and no instructions.
    pub is_foreign: bool,
    /// Tokens in order, without gap or overlap: their spans together are the whole text.
    pub tokens: Vec<Token>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    pub kind: TokenKind,
    pub span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// The byte order mark at the start of the file.
    Bom,
    /// Blanks and tabs.
    Blank,
    LineBreak,
    /// A whole `# key=value` line that the parser obeys.
    Directive,
    /// A whole `#` line.
    Comment,
    /// The escape character at the end of a line, with the blanks after it; its line break is a
    /// token of its own.
    Continuation,
    Keyword,
    /// `--name` or `--name=value`.
    Flag,
    /// A word of the arguments, or the text of a shell form between continuations.
    Text,
    /// `[`, `]` and `,` of a JSON form.
    Punctuation,
    /// A string of a JSON form, with its quotes.
    JsonString,
    /// `<<NAME` where it opens a heredoc.
    HeredocOpener,
    /// A body, line breaks included.
    HeredocBody,
    /// The line that ends a heredoc, without its line break.
    HeredocEnd,
    /// Text that could not be read.
    Error,
}

/// A parser directive: `# escape=`, `# syntax=`, `# check=`.
#[derive(Clone, Debug)]
pub struct Directive {
    pub span: Span,
    /// Name in lower case.
    pub name: String,
    pub value: String,
    pub value_span: Span,
}

#[derive(Clone, Debug)]
pub struct Comment {
    /// Span from the `#` to the end of the line.
    pub span: Span,
    /// The text after the `#`, without the blanks around it.
    pub text: String,
}

/// A place that BuildKit would refuse. `message` reads as a sentence without a full stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    pub span: Span,
    pub message: String,
    /// Another place that explains the error, with its message.
    pub label: Option<(Span, String)>,
    /// The cause, or a way out.
    pub note: Option<String>,
}

/// The note of errors and findings about a `#` after an argument.
pub const COMMENTS_START_LINES: &str = "`#` starts a comment only at the start of a line";

impl SyntaxError {
    pub(super) fn new(span: Span, message: impl Into<String>) -> Self {
        Self {
            span,
            message: message.into(),
            label: None,
            note: None,
        }
    }

    #[must_use]
    pub(super) fn with_note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }
}

#[derive(Debug)]
pub struct Instruction {
    /// Span from the keyword (or a continuation before it) to the end of its last line, heredocs
    /// included, without the line break.
    pub span: Span,
    pub keyword: Keyword,
    pub flags: Vec<Flag>,
    /// The joined text after keyword and flags, without heredoc bodies.
    pub arguments: Joined,
    /// Heredocs of the instruction; those in `ONBUILD` belong to the instruction inside it.
    pub heredocs: Vec<Heredoc>,
    pub body: Body,
}

#[derive(Clone, Debug)]
pub struct Keyword {
    pub span: Span,
    pub kind: Kind,
    /// The keyword as written, without continuations.
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Add,
    Arg,
    Cmd,
    Copy,
    Entrypoint,
    Env,
    Expose,
    From,
    Healthcheck,
    Label,
    Maintainer,
    Onbuild,
    Run,
    Shell,
    Stopsignal,
    User,
    Volume,
    Workdir,
    Unknown,
}

impl Kind {
    /// All instructions that BuildKit knows, by name.
    const NAMES: [(&'static str, Self); 18] = [
        ("ADD", Self::Add),
        ("ARG", Self::Arg),
        ("CMD", Self::Cmd),
        ("COPY", Self::Copy),
        ("ENTRYPOINT", Self::Entrypoint),
        ("ENV", Self::Env),
        ("EXPOSE", Self::Expose),
        ("FROM", Self::From),
        ("HEALTHCHECK", Self::Healthcheck),
        ("LABEL", Self::Label),
        ("MAINTAINER", Self::Maintainer),
        ("ONBUILD", Self::Onbuild),
        ("RUN", Self::Run),
        ("SHELL", Self::Shell),
        ("STOPSIGNAL", Self::Stopsignal),
        ("USER", Self::User),
        ("VOLUME", Self::Volume),
        ("WORKDIR", Self::Workdir),
    ];

    /// The instruction that a keyword, in any case, stands for.
    pub fn of_keyword(text: &str) -> Self {
        // BuildKit ignores the case of keywords.
        let known = Self::NAMES
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(text));
        known.map_or(Self::Unknown, |&(_, kind)| kind)
    }

    /// The names of all instructions, in capitals.
    pub fn names() -> impl Iterator<Item = &'static str> {
        Self::NAMES.iter().map(|&(name, _)| name)
    }

    /// The name in capitals; `?` for an unknown one.
    pub fn name(self) -> &'static str {
        let known = Self::NAMES.iter().find(|&&(_, kind)| kind == self);
        known.map_or("?", |&(name, _)| name)
    }
}

/// `--name=value`, before the arguments.
#[derive(Clone, Debug)]
pub struct Flag {
    pub span: Span,
    /// Name without the dashes.
    pub name: String,
    pub name_span: Span,
    pub value: Option<Word>,
}

/// The arguments, in the form in which the instruction reads them.
#[derive(Debug)]
pub enum Body {
    From {
        image: Word,
        alias: Option<Word>,
    },
    /// RUN, CMD, ENTRYPOINT and SHELL.
    Command(Command),
    /// `None` for `HEALTHCHECK NONE`.
    Healthcheck(Option<Command>),
    /// COPY and ADD.
    Transfer {
        sources: Vec<CopySource>,
        destination: Word,
        json: bool,
    },
    /// ENV and LABEL, and ARG, where alone the value may be missing.
    Pairs(Vec<Pair>),
    /// EXPOSE, MAINTAINER, STOPSIGNAL, USER, VOLUME, WORKDIR; `json` can be true for VOLUME alone.
    Words {
        words: Vec<Word>,
        json: bool,
    },
    Onbuild(Box<Instruction>),
    /// An unknown keyword, or arguments that do not fit the known one.
    Other,
}

/// A source of COPY or ADD.
#[derive(Clone, Debug)]
pub enum CopySource {
    Path(Word),
    /// An index into the instruction's `heredocs`.
    Heredoc(usize),
}

#[derive(Debug)]
pub enum Command {
    /// `["program", "argument"]`; the words are literal, their quotes and escapes already removed.
    Exec(Vec<JsonString>),
    /// A text for the shell.
    Shell(Script),
}

/// The text that a shell gets: the joined line and, if the instruction has heredocs, these after
/// it, as BuildKit passes them on. A RUN that is one heredoc and nothing else has the heredoc's
/// body as its script.
#[derive(Clone, Debug)]
pub struct Script {
    pub text: Joined,
    /// The first line after `#!`, if the text starts with it; only a heredoc can.
    pub shebang: Option<String>,
}

#[derive(Clone, Debug)]
pub struct JsonString {
    /// Span of the string, quotes included.
    pub span: Span,
    pub value: String,
}

#[derive(Clone, Debug)]
pub struct Pair {
    pub span: Span,
    pub key: Word,
    pub value: Option<Word>,
    /// `ENV key value`, the old form without `=`.
    pub legacy: bool,
}

/// A word as written: quotes and escapes in place, continuations left out.
#[derive(Clone, Debug)]
pub struct Word {
    pub span: Span,
    pub text: Joined,
    /// Parts of the word, never two literals in a row; none for an empty word such as `""`.
    pub parts: Vec<WordPart>,
}

impl Word {
    /// Value of the word, unless a variable decides it.
    pub fn literal(&self) -> Option<&str> {
        match self.parts.as_slice() {
            // `""` is an empty word, and no literal is kept for it.
            [] => Some(""),
            [WordPart::Literal(text)] => Some(text),
            _ => None,
        }
    }
}

/// A part of a word once quotes are removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WordPart {
    /// Literal text.
    Literal(String),
    Variable(Variable),
}

/// `$NAME` or `${NAME…}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    pub span: Span,
    pub name: String,
    /// Boxed, as few variables have one and every part of every word would be twice as large.
    pub modifier: Option<Box<Modifier>>,
}

/// The forms of `${NAME…}` that BuildKit knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Modifier {
    /// `-word`, or `:-word` where an empty value counts as unset.
    Default { colon: bool, word: Vec<WordPart> },
    /// `+word`, `:+word`.
    Alternative { colon: bool, word: Vec<WordPart> },
    /// `?word`, `:?word`.
    Required { colon: bool, word: Vec<WordPart> },
    /// `#pattern`, `##pattern`.
    RemovePrefix { longest: bool, pattern: String },
    /// `%pattern`, `%%pattern`.
    RemoveSuffix { longest: bool, pattern: String },
    /// `/pattern/replacement`, `//pattern/replacement`.
    Replace {
        all: bool,
        pattern: String,
        replacement: String,
    },
}

#[derive(Clone, Debug)]
pub struct Heredoc {
    /// `<<NAME` in the instruction's line, with the file descriptor before it.
    pub opener: Span,
    pub name: String,
    /// The file descriptor before `<<`, 0 where none is written.
    pub fd: u32,
    /// False where the name is quoted.
    pub expands: bool,
    /// `<<-`.
    pub strips_tabs: bool,
    /// The lines of the body, with their line breaks.
    pub body: Span,
    /// The line that ends it; empty, at the end of the file, where it is missing.
    pub end: Span,
}

/// Text put together from pieces of the source, which knows where each byte comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Joined {
    text: String,
    /// Start of each piece: its offset in `text`, its offset in the source. Ascending in both.
    pieces: Vec<(usize, usize)>,
}

impl Joined {
    /// Adds the text of a piece that starts at byte `source` of the source.
    pub(crate) fn push(&mut self, text: &str, source: usize) {
        // A piece without text would share its offset with the next one, and the search by offset
        // would find either.
        if text.is_empty() {
            return;
        }
        // A continuation starts a new piece; text that goes on where the last piece ended does not.
        let continues = self
            .pieces
            .last()
            .is_some_and(|&(at, from)| from + (self.text.len() - at) == source);
        if !continues {
            // Nearly every text is one piece, and a list would grow to four at once.
            if self.pieces.is_empty() {
                self.pieces.reserve_exact(1);
            }
            self.pieces.push((self.text.len(), source));
        }
        self.text.push_str(text);
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The source offset of the byte at `offset`; for the end of the text, that after its last
    /// byte.
    pub fn source_offset(&self, offset: usize) -> usize {
        let piece = self.pieces.partition_point(|&(at, _)| at <= offset);
        match piece.checked_sub(1).map(|piece| self.pieces[piece]) {
            Some((at, from)) => from + (offset - at),
            // Only an empty text has no piece, and it has no place either.
            None => 0,
        }
    }

    /// The span in the source of a range of the text. It starts and ends with bytes of the text, so
    /// that a continuation that follows the range is not in it.
    pub fn source_span(&self, start: usize, end: usize) -> Span {
        if start >= end {
            return Span::at(self.source_offset(start));
        }
        // The offset of `end` itself may already lie behind a continuation.
        Span::new(self.source_offset(start), self.source_offset(end - 1) + 1)
    }

    /// Spans of the range from `start` to `end` in the source: one for each run of bytes that is
    /// contiguous there.
    pub(crate) fn spans(&self, start: usize, end: usize) -> impl Iterator<Item = Span> {
        // A long RUN has thousands of pieces and words, so the first piece is searched for.
        let first = self
            .pieces
            .partition_point(|&(at, _)| at <= start)
            .saturating_sub(1);
        let pieces = self.pieces[first.min(self.pieces.len())..]
            .iter()
            .enumerate();
        pieces.map_while(move |(index, &(at, from))| {
            let stop = self
                .pieces
                .get(first + index + 1)
                .map_or(self.text.len(), |&(next, _)| next)
                .min(end);
            let begin = at.max(start);
            if begin >= stop {
                return None;
            }
            Some(Span::new(from + (begin - at), from + (stop - at)))
        })
    }

    /// The part of it from `start` to `end`, which keeps its places.
    #[must_use]
    pub fn slice(&self, start: usize, end: usize) -> Self {
        let mut part = Self::default();
        part.push_part(self, start..end);
        part
    }

    /// Adds a range of another text.
    pub(crate) fn push_part(&mut self, other: &Self, range: Range<usize>) {
        let mut at = range.start;
        for span in other.spans(range.start, range.end) {
            let length = span.end - span.start;
            self.push(&other.text[at..at + length], span.start);
            at += length;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joined_text_knows_where_it_came_from() {
        // ab\⏎cd
        let mut joined = Joined::default();
        joined.push("ab", 10);
        joined.push("cd", 14);
        assert_eq!(joined.as_str(), "abcd");
        assert_eq!(joined.source_span(0, 2), Span::new(10, 12));
        assert_eq!(joined.source_span(1, 3), Span::new(11, 15));
        assert_eq!(joined.slice(1, 4).source_span(0, 3), Span::new(11, 16));
        assert_eq!(joined.source_offset(4), 16);
    }
}
