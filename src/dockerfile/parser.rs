//! Parses the file from top to bottom: directives, comments, logical lines, heredoc bodies, and
//! tokens for every byte.

use std::collections::HashMap;

use super::body::Mark;
use super::directive;
use super::frontend::FrontendVersion;
use super::heredoc::{self, Opener};
use super::instruction::{InstructionReader, Outline};
use super::lines::{self, Line, Lines};
use super::syntax::{
    Comment, Directive, Dockerfile, Heredoc, Joined, Kind, SyntaxError, Token, TokenKind,
};
use super::unread::{MAX_INSTRUCTIONS, MAX_SCRIPTS, MAX_STAGES, MAX_WORDS, Unread, UnreadReason};
use crate::source::Span;

const BYTE_ORDER_MARK: char = '\u{feff}';

#[derive(Debug)]
pub(super) struct Parser<'a> {
    text: &'a str,
    lines: Lines<'a>,
    /// True until something other than a directive has been read: later directives have no effect.
    at_top: bool,
    stages: usize,
    /// Words of the instructions that were read, as counted for [`MAX_WORDS`].
    words: usize,
    /// Bytes of their scripts.
    script_bytes: usize,
    /// The version that the `syntax` directive names.
    frontend: Option<FrontendVersion>,
    /// The last position of each line text, without surrounding blanks. Built on first use.
    last_lines: Option<HashMap<&'a str, usize>>,
    file: Dockerfile,
}

/// The most lines of a body after an instruction that takes no heredoc, and the most openers of it
/// that are tried. Each of these lines is searched for each of them.
const MAX_MISPLACED_BODY: usize = 200;
const MAX_MISPLACED_OPENERS: usize = 4;

/// The most bytes of a line, without its line break, that fit into the buffer of Go's
/// `bufio.Scanner`.
const LONGEST_LINE: usize = 65_535;

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let file = Dockerfile {
            escape: '\\',
            directives: Vec::new(),
            shebang: None,
            comments: Vec::new(),
            instructions: Vec::new(),
            errors: Vec::new(),
            unread: None,
            is_foreign: false,
            tokens: Vec::new(),
        };
        Self {
            text,
            lines: Lines::new(text, 0),
            at_top: true,
            stages: 0,
            words: 0,
            script_bytes: 0,
            frontend: None,
            last_lines: None,
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
        if self.text[start..].starts_with("#!") {
            self.shebang();
        }
        while let Some(line) = self.lines.next() {
            self.line(line);
        }
        self.check_stages();
        self.check_line_lengths();
        // Words are read after the heredocs of their line, so errors do not come in order.
        self.file.errors.sort_by_key(|error| error.span);
        self.file
    }

    /// Reads the first line, which BuildKit discards before it looks for `syntax` and `check`.
    fn shebang(&mut self) {
        if let Some(line) = self.lines.next() {
            self.comment(line.start, line.end);
            self.token(TokenKind::LineBreak, line.end, line.next);
            self.file.shebang = Some(Span::new(line.start, line.end));
        }
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
        self.file.errors.push(SyntaxError::new(span, message));
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

    /// The limit that an instruction exceeds with those before it.
    fn exceeded_by(
        &mut self,
        outline: &Outline,
        line: &str,
        heredocs: &[Heredoc],
    ) -> Option<UnreadReason> {
        self.words += count_words(outline.without_script(line));
        self.words += count_variables(self.text, outline, heredocs);
        self.script_bytes += outline.script_bytes(heredocs);
        if self.words > MAX_WORDS {
            Some(UnreadReason::Words)
        } else if self.script_bytes > MAX_SCRIPTS {
            Some(UnreadReason::Scripts)
        } else {
            None
        }
    }

    /// Ends the reading at a line that would start one more instruction.
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
        // Its parser looks for `escape` in the whole file, and treats a `#!` line as an ordinary
        // comment.
        if found.name == "escape" && self.file.shebang.is_some() {
            return false;
        }
        let mut directives = self.file.directives.iter();
        if directives.any(|before| before.name == found.name) {
            self.error(found.span, format!("duplicate directive `{}`", found.name));
        } else {
            self.obey(&found);
        }
        self.file.directives.push(found);
        self.token(TokenKind::Directive, start, end);
        true
    }

    /// Applies the first directive of a name to the reading of the file.
    fn obey(&mut self, directive: &Directive) {
        let value = directive.value.as_str();
        match directive.name.as_str() {
            "escape" => match directive::escape(value) {
                Some(escape) => self.file.escape = escape,
                None => self.error(
                    directive.value_span,
                    "the escape character must be `\\` or a backtick",
                ),
            },
            "syntax" => self.frontend = FrontendVersion::of_image(value),
            "check" if !directive::are_check_options(value) => {
                let error = SyntaxError::new(directive.value_span, "invalid `check` options")
                    .with_note("use `skip=`, `error=` and `experimental=`, separated by `;`");
                self.file.errors.push(error);
            }
            _ => {}
        }
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
        let (first_token, first_comment) = (self.file.tokens.len(), self.file.comments.len());
        let first_error = self.file.errors.len();
        let (line, mut end) = self.logical_line(first, start);
        // Heredocs are parsed before the words: their bodies are the next lines of the file, and
        // the outline shows whether this instruction can have any.
        let outline = Outline::read(line.as_str(), self.file.escape);
        let mut marks: Vec<Mark> = Vec::new();
        let mut heredocs = Vec::new();
        for opener in outline.heredocs(&line) {
            if self.opens_heredoc(&opener, &line) {
                marks.push((opener.range.clone(), TokenKind::HeredocOpener));
                let heredoc = self.heredoc(opener, &line);
                end = heredoc.end.end;
                heredocs.push(heredoc);
            }
        }
        if let Some(reason) = self.exceeded_by(&outline, line.as_str(), &heredocs) {
            // What was read of the instruction so far is part of the rest.
            self.file.tokens.truncate(first_token);
            self.file.comments.truncate(first_comment);
            self.file.errors.truncate(first_error);
            self.token(TokenKind::Blank, first.start, start);
            self.leave_rest_unread(Span::new(start, first.end), reason);
            return;
        }
        if !outline.takes_heredocs() {
            self.misplaced_bodies(&outline, &line);
        }
        let mut reader = InstructionReader {
            text: self.text,
            line: &line,
            span: Span::new(start, end),
            escape: self.file.escape,
            frontend: self.frontend,
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

    /// Whether the next lines are read as the body of a heredoc. Adds an error if BuildKit refuses
    /// the opener.
    fn opens_heredoc(&mut self, opener: &Opener, line: &Joined) -> bool {
        let needed = opener.needs(self.frontend);
        if needed.is_none() && !opener.has_blank {
            return true;
        }
        let span = line.source_span(opener.range.start, opener.range.end);
        let has_end = self.has_end(opener);
        match needed {
            // This frontend reads the lines of the body as instructions, which is not meant.
            Some(version) if has_end => {
                let error =
                    SyntaxError::new(span, "this frontend does not support this heredoc syntax")
                        .with_note(format!(
                            "use `# syntax=docker/dockerfile:{version}` or later"
                        ));
                self.file.errors.push(error);
                true
            }
            Some(_) => false,
            None if has_end => true,
            // `$(( 1 << 4 ))`. BuildKit searches for the end in the rest of the file, which would
            // all be lost here.
            None => {
                let message = format!("unterminated heredoc `{}`", opener.name);
                let error = SyntaxError::new(span, message).with_note(
                    "`<<` before a space starts a heredoc; write a shift without spaces: `1<<4`",
                );
                self.file.errors.push(error);
                false
            }
        }
    }

    /// Whether a line further down ends a heredoc, or would without the blanks around it.
    fn has_end(&mut self, opener: &Opener) -> bool {
        let Some(next) = self.lines.clone().next() else {
            return false;
        };
        let text = self.text;
        let last_lines = self.last_lines.get_or_insert_with(|| last_lines(text));
        last_lines
            .get(opener.name.as_str())
            .is_some_and(|&start| start >= next.start)
    }

    /// Reads over the bodies after an instruction that takes no heredocs, as in `CMD <<EOF`, with
    /// one error. BuildKit reads their lines as instructions.
    fn misplaced_bodies(&mut self, outline: &Outline, line: &Joined) {
        let openers = heredoc::openers_of_others(line);
        for opener in openers.into_iter().take(MAX_MISPLACED_OPENERS) {
            if !self.has_end(&opener) || !self.has_misplaced_body(&opener) {
                continue;
            }
            let kind = outline.target();
            // An unknown keyword is an error already.
            if kind != Kind::Unknown {
                let span = line.source_span(opener.range.start, opener.range.end);
                let message = format!("`{}` does not accept heredocs", kind.name());
                let error = SyntaxError::new(span, message)
                    .with_note("BuildKit reads the lines of the body as instructions");
                self.file.errors.push(error);
            }
            self.heredoc(opener, line);
        }
    }

    /// Whether the end of a heredoc follows, and no other instruction opens a heredoc of the same
    /// name before it.
    fn has_misplaced_body(&self, opener: &Opener) -> bool {
        for line in self.lines.clone().take(MAX_MISPLACED_BODY) {
            let text = &self.text[line.start..line.end];
            if opener.is_ended_by(text) {
                return true;
            }
            if text.contains("<<") && text.contains(opener.name.as_str()) {
                return false;
            }
        }
        false
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
            // The body takes the rest of the file, as BuildKit reads to the end before it gives up.
            let message = format!("unterminated heredoc `{}`", opener.name);
            let mut error = SyntaxError::new(span, message);
            error.label = opener.near_end(self.text, start);
            self.file.errors.push(error);
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

    /// Adds an error for the first line that BuildKit's `parser.Parse` cannot read.
    fn check_line_lengths(&mut self) {
        for line in Lines::new(self.text, 0) {
            let text = &self.text[line.start..line.next];
            if text.strip_suffix('\n').unwrap_or(text).len() > LONGEST_LINE {
                let message = format!("line is longer than {LONGEST_LINE} bytes");
                return self.error(Span::at(line.start), message);
            }
        }
    }

    /// Adds an error for a file whose first stage does not come first, or that has none.
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

/// Words, and the commas and `$` that separate values and variables without a blank.
fn count_words(text: &str) -> usize {
    let separators = memchr::memchr2_iter(b',', b'$', text.as_bytes()).count();
    text.split_ascii_whitespace().count() + separators
}

/// The `$` in the bodies in which BuildKit expands variables.
fn count_variables(text: &str, outline: &Outline, heredocs: &[Heredoc]) -> usize {
    // The variables of a script are the shell's.
    if outline.target() == Kind::Run {
        return 0;
    }
    let mut count = 0;
    for heredoc in heredocs {
        if heredoc.expands {
            count += memchr::memchr_iter(b'$', text[heredoc.body.range()].as_bytes()).count();
        }
    }
    count
}

/// Where each text of a line, without the blanks around it, starts for the last time.
fn last_lines(text: &str) -> HashMap<&str, usize> {
    let mut last = HashMap::new();
    for line in Lines::new(text, 0) {
        last.insert(text[line.start..line.end].trim(), line.start);
    }
    last
}

#[cfg(test)]
mod tests {
    use crate::dockerfile::parse;
    use crate::source::Source;

    fn errors(text: &str) -> Vec<String> {
        let file = parse(&Source::new("Dockerfile", text));
        let errors = file.errors.into_iter();
        errors.map(|error| error.message).collect()
    }

    #[test]
    fn a_line_may_be_as_long_as_the_buffer_of_buildkit() {
        let line = format!("RUN {}", "a".repeat(65_531));
        assert!(errors(&format!("FROM a\n{line}\n")).is_empty());
        let expected = ["line is longer than 65535 bytes"];
        assert_eq!(errors(&format!("FROM a\n{line}b\n")), expected);
        assert_eq!(errors(&format!("FROM a\n# {line}\n")), expected);
    }

    #[test]
    fn directives_other_than_escape_may_follow_a_shebang() {
        let text = "#!/usr/bin/env a\n# syntax=a/b\n# escape=`\n# check=skip=all\nFROM a\n";
        for text in [text.to_owned(), format!("\u{feff}{text}")] {
            let file = parse(&Source::new("Dockerfile", text));
            let directives = file.directives.iter();
            let names: Vec<&str> = directives.map(|found| found.name.as_str()).collect();
            assert_eq!(names, ["syntax", "check"]);
            assert_eq!(file.escape, '\\');
            assert!(file.shebang.is_some());
        }
        for text in [
            "\n#!/a\n# syntax=a/b\nFROM a\n",
            " #!/a\n# syntax=a/b\nFROM a\n",
        ] {
            let file = parse(&Source::new("Dockerfile", text));
            assert!(
                file.directives.is_empty() && file.shebang.is_none(),
                "{text}"
            );
        }
    }

    #[test]
    fn parsing_continues_after_a_heredoc_error() {
        for text in [
            "FROM a\nRUN echo $(( 1 << 4 ))\nUSER b\n",
            "FROM a\nCMD <<EOF\nenv\nEOF\nUSER b\n",
            "# syntax=docker/dockerfile:1.2\nFROM a\nRUN <<EOF\nx\nEOF\nUSER b\n",
        ] {
            let file = parse(&Source::new("Dockerfile", text));
            assert_eq!(file.errors.len(), 1, "{text}");
            let last = file.instructions.last().expect("an instruction");
            assert_eq!(last.keyword.text, "USER", "{text}");
            assert_eq!(file.instructions.len(), 3, "{text}");
        }
    }

    #[test]
    fn an_unterminated_heredoc_has_a_label_at_the_line_that_nearly_ends_it() {
        let text = "FROM a\nRUN <<EOF\nb\n\tEOF\n";
        let file = parse(&Source::new("Dockerfile", text));
        let (span, message) = file.errors[0].label.as_ref().expect("a label");
        assert_eq!(&text[span.range()], "EOF");
        assert_eq!(
            message,
            "the closing delimiter of a heredoc must not be indented"
        );
    }
}
