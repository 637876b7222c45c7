//! The syntax tree of a Dockerfile: tokens that cover the text, and the instructions built from
//! them.
//!
//! Every element has a [`Span`] in the source. Text that is split over continuation lines is also
//! available joined, as BuildKit passes it on, in a [`Joined`] that maps every byte back to the
//! source.

use std::ops::Range;

use super::unread::Unread;
use crate::source::Span;

/// A parsed file: nothing is lost, and errors do not stop the parser.
#[derive(Debug)]
pub struct Dockerfile {
    /// The escape character: `\`, or `` ` `` if set by a directive.
    pub escape: char,
    pub directives: Vec<Directive>,
    /// A `#!` line at the start of the file, without the line break: also the first comment.
    pub shebang: Option<Span>,
    /// All comment lines, including those between the lines of an instruction, but not those inside
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
    /// The escape character at the end of a line, with the whitespace after it; the line break is a
    /// separate token.
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
    /// `<<NAME` that opens a heredoc.
    HeredocOpener,
    /// A body, including line breaks.
    HeredocBody,
    /// The line that ends a heredoc, without its line break.
    HeredocEnd,
    /// Text that could not be parsed.
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
    /// The text after the `#`, without surrounding whitespace.
    pub text: String,
}

/// An error that BuildKit would report. `message` is a sentence without a full stop.
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
    /// Span from the keyword (or a continuation before it) to the end of its last line, including
    /// heredocs, without the line break.
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
    /// All instructions that BuildKit supports, by name.
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

    /// The instruction for a keyword in any case.
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

/// The arguments, parsed according to the instruction.
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
    /// ENV, LABEL and ARG; only ARG allows a missing value.
    Pairs(Vec<Pair>),
    /// EXPOSE, MAINTAINER, STOPSIGNAL, USER, VOLUME, WORKDIR; `json` can only be true for VOLUME.
    Words {
        words: Vec<Word>,
        json: bool,
    },
    Onbuild(Box<Instruction>),
    /// An unknown keyword, or arguments that do not fit the known one.
    Other,
}

impl Body {
    /// The sources of a COPY or ADD that are paths or URLs, not heredocs.
    pub fn source_words(&self) -> impl Iterator<Item = &Word> {
        let sources: &[CopySource] = match self {
            Self::Transfer { sources, .. } => sources,
            _ => &[],
        };
        sources.iter().filter_map(|source| match source {
            CopySource::Path(word) => Some(word),
            CopySource::Heredoc(_) => None,
        })
    }

    /// The pairs of an ENV, LABEL or ARG.
    pub fn pairs(&self) -> &[Pair] {
        match self {
            Self::Pairs(pairs) => pairs,
            _ => &[],
        }
    }

    /// The words of an instruction that takes a list of them, such as EXPOSE.
    pub fn words(&self) -> &[Word] {
        match self {
            Self::Words { words, .. } => words,
            _ => &[],
        }
    }

    /// The destination of a COPY or ADD.
    pub fn destination(&self) -> Option<&Word> {
        match self {
            Self::Transfer { destination, .. } => Some(destination),
            _ => None,
        }
    }
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

/// The text passed to a shell: the joined line followed by the heredocs of the instruction, if any,
/// as BuildKit passes them on. If a RUN consists of a single heredoc, its script is the heredoc's
/// body.
#[derive(Clone, Debug)]
pub struct Script {
    pub text: Joined,
    /// The first line after `#!`, if the text starts with it; only a heredoc can.
    pub shebang: Option<String>,
}

#[derive(Clone, Debug)]
pub struct JsonString {
    /// Span of the string, including quotes.
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

/// A word as written: with quotes and escapes, but without continuations.
#[derive(Clone, Debug)]
pub struct Word {
    pub span: Span,
    pub text: Joined,
    /// Parts of the word, never two literals in a row; none for an empty word such as `""`.
    pub parts: Vec<WordPart>,
}

impl Word {
    /// Value of the word, unless it depends on a variable.
    pub fn literal(&self) -> Option<&str> {
        match self.parts.as_slice() {
            // `""` is an empty word, for which no literal is stored.
            [] => Some(""),
            [WordPart::Literal(text)] => Some(text),
            _ => None,
        }
    }
}

/// A part of a word after quote removal.
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

/// The forms of `${NAME…}` that BuildKit supports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Modifier {
    /// `-word`, or `:-word`, for which an empty value counts as unset.
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
    /// The file descriptor before `<<`; 0 if none is written.
    pub fd: u32,
    /// False if the name is quoted.
    pub expands: bool,
    /// `<<-`.
    pub strips_tabs: bool,
    /// The lines of the body, with their line breaks.
    pub body: Span,
    /// The line that ends it; if it is missing, an empty span at the end of the file.
    pub end: Span,
}

/// Text assembled from pieces of the source that maps each byte to its origin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Joined {
    text: String,
    /// Start of each piece: its offset in `text` and its offset in the source, both in ascending
    /// order.
    pieces: Vec<(usize, usize)>,
}

impl Joined {
    /// Adds the text of a piece that starts at byte `source` of the source.
    pub(crate) fn push(&mut self, text: &str, source: usize) {
        // An empty piece would have the same offset as the next one, and a search by offset would
        // find either.
        if text.is_empty() {
            return;
        }
        // A continuation starts a new piece; text that continues where the last piece ended does
        // not.
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

    /// The source offset of the byte at `offset`; for the end of the text, the offset after its
    /// last byte.
    pub fn source_offset(&self, offset: usize) -> usize {
        let piece = self.pieces.partition_point(|&(at, _)| at <= offset);
        match piece.checked_sub(1).map(|piece| self.pieces[piece]) {
            Some((at, from)) => from + (offset - at),
            // Only an empty text has no pieces, and it has no location either.
            None => 0,
        }
    }

    /// The span in the source of a range of the text. It starts and ends with bytes of the text, so
    /// that a continuation after the range is not included.
    pub fn source_span(&self, start: usize, end: usize) -> Span {
        if start >= end {
            return Span::at(self.source_offset(start));
        }
        // The offset of `end` itself may already be after a continuation.
        Span::new(self.source_offset(start), self.source_offset(end - 1) + 1)
    }

    /// Spans in the source of the range from `start` to `end`: one for each contiguous run of
    /// bytes.
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

    /// The part from `start` to `end`, which keeps its source locations.
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
    fn joined_text_maps_back_to_its_source() {
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
