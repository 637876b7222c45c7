//! The file from top to bottom: directives, comments, logical lines, heredoc bodies, and tokens for
//! every byte.

use super::body::Mark;
use super::directive;
use super::heredoc::Opener;
use super::instruction::{InstructionReader, Outline};
use super::lines::{self, Line, Lines};
use super::syntax::{
    Comment, Dockerfile, Heredoc, Instruction, Joined, Kind, SyntaxError, Token, TokenKind,
};
use super::unread::{MAX_INSTRUCTIONS, MAX_STAGES, Unread, UnreadReason};
use crate::source::Span;

const BYTE_ORDER_MARK: char = '\u{feff}';

#[derive(Debug)]
pub(super) struct Parser<'a> {
    text: &'a str,
    lines: Lines<'a>,
    /// Whether a directive may still follow.
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
        self.token(TokenKind::Bom, 0, start);
        self.lines = Lines::new(self.text, start);
        while let Some(line) = self.lines.next() {
            self.line(line);
        }
        self.check_stages();
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

    /// A line outside of any instruction: it may be blank, a comment, or the first of one.
    fn line(&mut self, line: Line) {
        let start = line.start + lines::indentation(&self.text[line.start..line.end]);
        if start == line.end || self.text[start..].starts_with('#') {
            self.token(TokenKind::Blank, line.start, start);
            if start < line.end && !self.directive(start, line.end) {
                self.comment(start, line.end);
            }
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

    /// The limit that one more instruction would exceed.
    fn exceeded_limit(&self) -> Option<UnreadReason> {
        if self.file.instructions.len() >= MAX_INSTRUCTIONS {
            Some(UnreadReason::Instructions)
        } else if self.stages > MAX_STAGES {
            Some(UnreadReason::Stages)
        } else {
            None
        }
    }

    /// Ends the reading at a line that would start one more instruction.
    fn leave_rest_unread(&mut self, line: Span, reason: UnreadReason) {
        self.token(TokenKind::Error, line.start, self.text.len());
        self.file.unread = Some(Unread { span: line, reason });
        self.lines = Lines::new(self.text, self.text.len());
    }

    /// Whether the comment line at `start..end` is a directive; the first that is not ends the
    /// directives.
    fn directive(&mut self, start: usize, end: usize) -> bool {
        let found = self
            .at_top
            .then(|| directive::read(&self.text[start..end], start))
            .flatten();
        let Some(found) = found else {
            self.at_top = false;
            return false;
        };
        if self
            .file
            .directives
            .iter()
            .any(|before| before.name == found.name)
        {
            self.error(
                found.span,
                format!("the directive `{}` is given twice", found.name),
            );
        } else if found.name == "escape" {
            match directive::escape(&found.value) {
                Some(escape) => self.file.escape = escape,
                None => self.error(
                    found.value_span,
                    "the escape character is `\\` or a backtick",
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
        self.file.tokens[first_token..].sort_by_key(|token| token.span.start);
    }

    /// Joins the lines of an instruction, without continuations, comments and empty lines between
    /// them. Returns the text and where its last line ends. Leaves tokens for all that is not in
    /// the text.
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

    /// The next line of an instruction that adds to it; `last` becomes the last line read.
    fn next_content(&mut self, last: &mut Line) -> Option<Line> {
        loop {
            let line = self.lines.next()?;
            *last = line;
            let start = line.start + lines::indentation(&self.text[line.start..line.end]);
            if start < line.end && !self.text[start..].starts_with('#') {
                return Some(line);
            }
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
        let last = self.lines.find(|line| {
            let text = &self.text[line.start..line.end];
            let text = if opener.strips_tabs {
                text.trim_start_matches('\t')
            } else {
                text
            };
            text == opener.name
        });
        if let Some(last) = last {
            body.end = last.start;
            end = Span::new(last.start, last.end);
            after = last.next;
        } else {
            self.error(span, format!("the heredoc `{}` has no end", opener.name));
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

    /// Tokens for the text of an instruction: those that are marked, and what lies between them.
    fn content_tokens(&mut self, line: &Joined, mut marks: Vec<Mark>) {
        // A heredoc's opener can be a word too; it comes first, being marked before the words are
        // read.
        marks.sort_by_key(|(range, _)| range.start);
        let mut at = 0;
        for (range, kind) in marks {
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

    fn check_stages(&mut self) {
        let kind = |instruction: &Instruction| instruction.keyword.kind;
        let allowed = |instruction: &&Instruction| {
            matches!(kind(instruction), Kind::From | Kind::Arg | Kind::Unknown)
        };
        let outside = |instruction: &&Instruction| !allowed(instruction);
        let before_first = self
            .file
            .instructions
            .iter()
            .take_while(|instruction| kind(instruction) != Kind::From);
        let has_stage = self
            .file
            .instructions
            .iter()
            .any(|instruction| kind(instruction) == Kind::From);
        if let Some(instruction) = before_first.clone().find(outside) {
            let message = format!(
                "`{}` stands before the first `FROM`",
                kind(instruction).name()
            );
            self.error(instruction.keyword.span, message);
        } else if self.file.instructions.is_empty() {
            self.error(Span::at(self.text.len()), "the file has no instructions");
        } else if !has_stage {
            self.error(Span::at(self.text.len()), "the file has no `FROM`");
        }
    }
}
