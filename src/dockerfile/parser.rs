//! Parses the file from top to bottom: directives, comments, logical lines, heredoc bodies, and
//! tokens for every byte.

use super::body::Mark;
use super::directive;
use super::heredoc::Opener;
use super::instruction::{InstructionReader, Outline};
use super::lines::{self, Line, Lines};
use super::syntax::{Comment, Dockerfile, Heredoc, Joined, Kind, SyntaxError, Token, TokenKind};
use super::unread::{MAX_INSTRUCTIONS, MAX_STAGES, Unread, UnreadReason};
use crate::source::Span;

const BYTE_ORDER_MARK: char = '\u{feff}';

#[derive(Debug)]
pub(super) struct Parser<'a> {
    text: &'a str,
    lines: Lines<'a>,
    /// True until something other than a directive has been read: later directives have no effect.
    at_top: bool,
    stages: usize,
    file: Dockerfile,
}

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let file = Dockerfile {
            escape: '\\',
            directives: Vec::new(),
            comments: Vec::new(),
            instructions: Vec::new(),
            errors: Vec::new(),
            unread: None,
            tokens: Vec::new(),
        };
        Self {
            text,
            lines: Lines::new(text, 0),
            at_top: true,
            stages: 0,
            file,
        }
    }

    pub(super) fn run(mut self) -> Dockerfile {
        let start = if self.text.starts_with(BYTE_ORDER_MARK) {
            BYTE_ORDER_MARK.len_utf8()
        } else {
            0
        };
        // BuildKit discards a byte order mark before it looks for directives.
        self.token(TokenKind::Bom, 0, start);
        self.lines = Lines::new(self.text, start);
        while let Some(line) = self.lines.next() {
            self.line(line);
        }
        self.check_stages();
        // Words are parsed after the heredocs of their line, so errors are not in order.
        self.file.errors.sort_by_key(|error| error.span);
        self.file
    }

    fn token(&mut self, kind: TokenKind, start: usize, end: usize) {
        if start < end {
            self.file.tokens.push(Token {
                kind,
                span: Span::new(start, end),
            });
        }
    }

    fn error(&mut self, span: Span, message: impl Into<String>) {
        self.file.errors.push(SyntaxError {
            span,
            message: message.into(),
        });
    }

    /// Handles a line outside of any instruction: an empty line, a comment, or the first line of an
    /// instruction.
    fn line(&mut self, line: Line) {
        let start = line.start + lines::indentation(&self.text[line.start..line.end]);
        if start == line.end || self.text[start..].starts_with('#') {
            self.token(TokenKind::Blank, line.start, start);
            if start < line.end && !self.directive(start, line.end) {
                self.comment(start, line.end);
            }
            // In BuildKit, an empty line also ends the directives.
            self.at_top &= start < line.end;
            self.token(TokenKind::LineBreak, line.end, line.next);
        } else if let Some(reason) = self.exceeded_limit() {
            self.token(TokenKind::Blank, line.start, start);
            self.leave_rest_unread(Span::new(start, line.end), reason);
        } else {
            self.at_top = false;
            self.instruction(line, start);
        }
    }

    /// The limit that another instruction would exceed.
    fn exceeded_limit(&self) -> Option<UnreadReason> {
        if self.file.instructions.len() >= MAX_INSTRUCTIONS {
            Some(UnreadReason::Instructions)
        } else if self.stages > MAX_STAGES {
            // The `FROM` of the stage beyond the limit has been read, because only that shows that
            // there is another stage.
            Some(UnreadReason::Stages)
        } else {
            None
        }
    }

    /// Stops parsing at a line that would start another instruction.
    fn leave_rest_unread(&mut self, line: Span, reason: UnreadReason) {
        // The tokens must cover the whole text, so the unread rest is a token.
        self.token(TokenKind::Error, line.start, self.text.len());
        self.file.unread = Some(Unread { span: line, reason });
        self.lines = Lines::new(self.text, self.text.len());
    }

    /// Parses the comment line at `start..end` as a directive and returns true, or returns false
    /// and ends the directives: BuildKit stops looking for directives at the first other comment.
    fn directive(&mut self, start: usize, end: usize) -> bool {
        if !self.at_top {
            return false;
        }
        let Some(found) = directive::read(&self.text[start..end], start) else {
            self.at_top = false;
            return false;
        };
        let mut directives = self.file.directives.iter();
        if directives.any(|before| before.name == found.name) {
            self.error(found.span, format!("duplicate directive `{}`", found.name));
        } else if found.name == "escape" {
            // The other directives do not affect how the file is split.
            match directive::escape(&found.value) {
                Some(escape) => self.file.escape = escape,
                None => self.error(
                    found.value_span,
                    "the escape character must be `\\` or a backtick",
                ),
            }
        }
        self.file.directives.push(found);
        self.token(TokenKind::Directive, start, end);
        true
    }

    fn comment(&mut self, start: usize, end: usize) {
        let text = self.text[start + 1..end].trim().to_owned();
        self.file.comments.push(Comment {
            span: Span::new(start, end),
            text,
        });
        self.token(TokenKind::Comment, start, end);
    }

    fn instruction(&mut self, first: Line, start: usize) {
        let first_token = self.file.tokens.len();
        let (line, mut end) = self.logical_line(first, start);
        // Heredocs are parsed before the words: their bodies are the next lines of the file, and
        // the outline shows whether this instruction can have any.
        let outline = Outline::read(line.as_str());
        let mut marks: Vec<Mark> = Vec::new();
        let mut heredocs = Vec::new();
        for opener in outline.heredocs(&line) {
            marks.push((opener.range.clone(), TokenKind::HeredocOpener));
            let heredoc = self.heredoc(opener, &line);
            end = heredoc.end.end;
            heredocs.push(heredoc);
        }
        let mut reader = InstructionReader {
            text: self.text,
            line: &line,
            span: Span::new(start, end),
            escape: self.file.escape,
            marks: &mut marks,
            errors: &mut self.file.errors,
        };
        let instruction = reader.read(&outline, heredocs);
        self.stages += usize::from(instruction.keyword.kind == Kind::From);
        self.file.instructions.push(instruction);
        self.content_tokens(&line, marks);
        // Tokens for line breaks and heredoc bodies are added before those of the words between
        // them.
        self.file.tokens[first_token..].sort_by_key(|token| token.span.start);
    }

    /// Joins the lines of an instruction, without continuations, comments and empty lines between
    /// them. Returns the text and the end of its last line. Adds tokens for everything that is not
    /// in the text.
    fn logical_line(&mut self, first: Line, start: usize) -> (Joined, usize) {
        let mut joined = Joined::default();
        let mut line = first;
        let mut content = start;
        self.token(TokenKind::Blank, first.start, start);
        loop {
            let text = &self.text[content..line.end];
            let continuation = lines::continuation(text, self.file.escape);
            let end = content + continuation.unwrap_or(text.len());
            joined.push(&self.text[content..end], content);
            self.token(TokenKind::Continuation, end, line.end);
            self.token(TokenKind::LineBreak, line.end, line.next);
            let next = if continuation.is_some() {
                self.next_content(&mut line)
            } else {
                None
            };
            match next {
                Some(next) => (line, content) = (next, next.start),
                None => return (joined, line.end),
            }
        }
    }

    /// The next content line of an instruction; `last` becomes the last line read.
    fn next_content(&mut self, last: &mut Line) -> Option<Line> {
        loop {
            let line = self.lines.next()?;
            *last = line;
            let start = line.start + lines::indentation(&self.text[line.start..line.end]);
            if start < line.end && !self.text[start..].starts_with('#') {
                return Some(line);
            }
            // Comments and empty lines do not end an instruction that continues. BuildKit warns
            // about empty lines, but skips them.
            self.token(TokenKind::Blank, line.start, start);
            if start < line.end {
                self.comment(start, line.end);
            }
            self.token(TokenKind::LineBreak, line.end, line.next);
        }
    }

    /// Reads the lines up to the one that ends the heredoc.
    fn heredoc(&mut self, opener: Opener, line: &Joined) -> Heredoc {
        let span = line.source_span(opener.range.start, opener.range.end);
        let start = self
            .lines
            .clone()
            .next()
            .map_or(self.text.len(), |line| line.start);
        let mut body = Span::new(start, self.text.len());
        let mut end = Span::at(self.text.len());
        let mut after = end.end;
        let last = self
            .lines
            .find(|line| opener.is_ended_by(&self.text[line.start..line.end]));
        if let Some(last) = last {
            body.end = last.start;
            end = Span::new(last.start, last.end);
            after = last.next;
        } else {
            // The body extends to the end of the file, because BuildKit reads to the end before it
            // gives up.
            self.error(span, format!("unterminated heredoc `{}`", opener.name));
        }
        self.token(TokenKind::HeredocBody, body.start, body.end);
        self.token(TokenKind::HeredocEnd, end.start, end.end);
        self.token(TokenKind::LineBreak, end.end, after);
        let Opener {
            name,
            fd,
            expands,
            strips_tabs,
            ..
        } = opener;
        Heredoc {
            opener: span,
            name,
            fd,
            expands,
            strips_tabs,
            body,
            end,
        }
    }

    /// Adds tokens for the text of an instruction: the marked ranges, and the text between them.
    fn content_tokens(&mut self, line: &Joined, mut marks: Vec<Mark>) {
        // A heredoc's opener can be a word too; it comes first, because it is marked before the
        // words are parsed.
        marks.sort_by_key(|(range, _)| range.start);
        let mut at = 0;
        for (range, kind) in marks {
            // A mark inside the previous one, such as a word that opens a heredoc, gets no token,
            // because tokens never overlap.
            if range.start >= at {
                self.gap(line, at, range.start);
                self.cut(line, kind, range.start, range.end);
                at = range.end;
            }
        }
        self.gap(line, at, line.as_str().len());
    }

    fn gap(&mut self, line: &Joined, start: usize, end: usize) {
        let text = super::split::trim(line.as_str(), start..end);
        self.cut(line, TokenKind::Blank, start, text.start);
        self.cut(line, TokenKind::Text, text.start, text.end);
        self.cut(line, TokenKind::Blank, text.end, end);
    }

    fn cut(&mut self, line: &Joined, kind: TokenKind, start: usize, end: usize) {
        self.file
            .tokens
            .extend(line.spans(start, end).map(|span| Token { kind, span }));
    }

    /// Adds errors for instructions before the first stage, or for a file without stages.
    fn check_stages(&mut self) {
        for instruction in &self.file.instructions {
            match instruction.keyword.kind {
                Kind::From => return,
                // BuildKit only allows ARG before the first stage. An unknown keyword already has a
                // separate error.
                Kind::Arg | Kind::Unknown => {}
                kind => {
                    let span = instruction.keyword.span;
                    return self.error(span, format!("`{}` before the first `FROM`", kind.name()));
                }
            }
        }
        let message = if self.file.instructions.is_empty() {
            "file has no instructions"
        } else {
            "file has no `FROM`"
        };
        self.error(Span::at(self.text.len()), message);
    }
}
