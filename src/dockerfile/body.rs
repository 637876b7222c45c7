//! Parses arguments by kind of instruction, like BuildKit's `instructions/parse.go`.

use std::ops::Range;

use super::json::{self, Form};
use super::syntax::{
    Body, COMMENTS_START_LINES, Command, CopySource, Heredoc, Joined, JsonString, Kind, Pair,
    Script, SyntaxError, TokenKind, Word,
};
use super::{split, word};
use crate::source::Span;

/// A range of the logical line and its token kind; the ranges of an instruction are in ascending
/// order.
pub(super) type Mark = (Range<usize>, TokenKind);

/// Reads the arguments of one instruction.
pub(super) struct BodyReader<'a> {
    /// The whole file.
    pub(super) text: &'a str,
    /// The logical line, and the range of the arguments in it, without surrounding whitespace.
    pub(super) line: &'a Joined,
    pub(super) arguments: Range<usize>,
    pub(super) escape: char,
    pub(super) heredocs: &'a [Heredoc],
    pub(super) marks: &'a mut Vec<Mark>,
    pub(super) errors: &'a mut Vec<SyntaxError>,
}

impl BodyReader<'_> {
    /// Reads the arguments of every kind of instruction but ONBUILD, whose argument is an
    /// instruction.
    pub(super) fn read(&mut self, kind: Kind) -> Body {
        match kind {
            Kind::Run => self.run(),
            Kind::Cmd | Kind::Entrypoint => self.command(self.arguments.clone()),
            Kind::Shell => self.shell(),
            Kind::Healthcheck => self.healthcheck(),
            Kind::Add | Kind::Copy => self.transfer(kind),
            Kind::From => self.from(),
            Kind::Env | Kind::Label => self.pairs(kind),
            Kind::Arg => self.build_arguments(),
            Kind::Expose => self.list(kind, false),
            Kind::Volume => self.volumes(),
            Kind::Maintainer | Kind::Stopsignal | Kind::User | Kind::Workdir => self.one_text(kind),
            Kind::Onbuild | Kind::Unknown => Body::Other,
        }
    }

    fn text(&self) -> &str {
        &self.line.as_str()[self.arguments.clone()]
    }

    fn error(&mut self, range: Range<usize>, message: String) {
        let span = self.line.source_span(range.start, range.end);
        self.errors.push(SyntaxError::new(span, message));
    }

    /// Adds an error about all arguments; if there are none, it points to the end of the
    /// instruction.
    fn refuse(&mut self, message: String) -> Body {
        self.error(self.arguments.clone(), message);
        Body::Other
    }

    fn word(&mut self, range: Range<usize>) -> Word {
        self.marks.push((range.clone(), TokenKind::Text));
        self.inner_word(range)
    }

    /// Reads a word without a separate token.
    fn inner_word(&mut self, range: Range<usize>) -> Word {
        let (word, fault) = word::read(self.line, range.start, range.end, self.escape);
        if let Some(fault) = fault {
            self.error(fault.start..fault.end, fault.message.to_owned());
        }
        word
    }

    /// Returns `None` and adds an error for an array that contains anything but strings.
    fn form(&mut self, range: Range<usize>) -> Option<Form> {
        let form = json::read(self.line, range.clone());
        if matches!(form, Form::NotStrings) {
            self.error(range, "the JSON array must contain only strings".to_owned());
            return None;
        }
        Some(form)
    }

    fn mark_array(&mut self, array: &json::Array) {
        let punctuation = array
            .punctuation
            .iter()
            .map(|&at| (at..at + 1, TokenKind::Punctuation));
        let strings = array
            .strings
            .iter()
            .map(|item| (item.range.clone(), TokenKind::JsonString));
        self.marks.extend(punctuation.chain(strings));
    }

    fn exec(&mut self, array: &json::Array) -> Command {
        self.mark_array(array);
        let mut strings = Vec::with_capacity(array.strings.len());
        for item in &array.strings {
            strings.push(JsonString {
                span: self.line.source_span(item.range.start, item.range.end),
                value: item.value.as_str().to_owned(),
            });
        }
        Command::Exec(strings)
    }

    fn command(&mut self, range: Range<usize>) -> Body {
        match self.form(range.clone()) {
            Some(Form::Array(array)) => Body::Command(self.exec(&array)),
            Some(_) => Body::Command(Command::Shell(self.script(range))),
            None => Body::Other,
        }
    }

    fn run(&mut self) -> Body {
        let range = self.arguments.clone();
        match self.command(range.clone()) {
            // BuildKit refuses this when it makes the commands of the build from the instructions.
            Body::Command(Command::Exec(words)) if words.is_empty() => {
                self.error(range, "`RUN` needs a command".to_owned());
                Body::Other
            }
            body => body,
        }
    }

    /// Builds the text that the shell gets, as BuildKit's `dispatchRun` does.
    fn script(&self, range: Range<usize>) -> Script {
        let line = self.line.slice(range.start, range.end);
        match self.heredocs {
            [] => Script {
                text: line,
                shebang: None,
            },
            // `RUN <<EOF` alone: the body itself is the script, not its input.
            [only, ..] if self.line.source_span(range.start, range.end) == only.opener => {
                self.body_as_script(only)
            }
            // If there is a command too, BuildKit leaves the heredocs to the shell.
            heredocs => Script {
                text: self.with_heredocs(line, heredocs),
                shebang: None,
            },
        }
    }

    fn body_as_script(&self, heredoc: &Heredoc) -> Script {
        let mut text = Joined::default();
        let mut at = heredoc.body.start;
        for line in self.text[heredoc.body.range()].split_inclusive('\n') {
            let kept = if heredoc.strips_tabs {
                line.trim_start_matches('\t')
            } else {
                line
            };
            text.push(kept, at + (line.len() - kept.len()));
            at += line.len();
        }
        // BuildKit mounts a body that starts with `#!` as a file and executes it, so the shell of
        // the stage does not run it.
        let shebang = text
            .as_str()
            .strip_prefix("#!")
            .and_then(|rest| rest.lines().next())
            .map(str::to_owned);
        Script { text, shebang }
    }

    fn with_heredocs(&self, mut text: Joined, heredocs: &[Heredoc]) -> Joined {
        for heredoc in heredocs {
            // The line break that ends the line before the body. At the end of the file there may
            // be none.
            text.push("\n", heredoc.body.start.saturating_sub(1));
            text.push(&self.text[heredoc.body.range()], heredoc.body.start);
            // The shell of the stage gets the terminator without its tabs: BuildKit writes the name
            // again.
            let end = &self.text[heredoc.end.range()];
            let name = end.trim_start_matches('\t');
            let name = if heredoc.strips_tabs { name } else { end };
            text.push(name, heredoc.end.end - name.len());
        }
        text
    }

    fn shell(&mut self) -> Body {
        match self.form(self.arguments.clone()) {
            Some(Form::Array(array)) if !array.strings.is_empty() => {
                Body::Command(self.exec(&array))
            }
            // An empty array would leave later shell forms without a program.
            Some(_) => {
                let body = self.refuse("`SHELL` needs a JSON array with a program".to_owned());
                // `["bash", "-c"] # comment` is not JSON.
                let has_comment = self
                    .text()
                    .rsplit_once(']')
                    .is_some_and(|(_, rest)| rest.trim_start().starts_with('#'));
                if let (true, Some(error)) = (has_comment, self.errors.last_mut()) {
                    error.note = Some(COMMENTS_START_LINES.to_owned());
                }
                body
            }
            None => Body::Other,
        }
    }

    fn healthcheck(&mut self) -> Body {
        if self.arguments.is_empty() {
            return self.refuse("`HEALTHCHECK` needs `NONE` or `CMD`".to_owned());
        }
        let all = self.text();
        let length = all.find(char::is_whitespace).unwrap_or(all.len());
        let kind = self.arguments.start..self.arguments.start + length;
        let command = split::trim(self.line.as_str(), kind.end..self.arguments.end);
        self.marks.push((kind.clone(), TokenKind::Keyword));
        // Like the first, the second keyword is case-insensitive.
        let keyword = self.line.as_str()[kind.clone()].to_ascii_uppercase();
        match keyword.as_str() {
            "NONE" if command.is_empty() => Body::Healthcheck(None),
            "NONE" => {
                self.error(command, "`HEALTHCHECK NONE` takes no arguments".to_owned());
                Body::Other
            }
            "CMD" if command.is_empty() => {
                self.error(kind, "`HEALTHCHECK CMD` needs a command".to_owned());
                Body::Other
            }
            "CMD" => self.health_command(command),
            _ => {
                let message = "`HEALTHCHECK` must be followed by `NONE` or `CMD`";
                self.error(kind, message.to_owned());
                Body::Other
            }
        }
    }

    fn health_command(&mut self, range: Range<usize>) -> Body {
        match self.command(range.clone()) {
            // CMD and ENTRYPOINT may be `[]`, which resets them; a health check may not.
            Body::Command(Command::Exec(words)) if words.is_empty() => {
                self.error(range, "`HEALTHCHECK CMD` needs a command".to_owned());
                Body::Other
            }
            Body::Command(command) => Body::Healthcheck(Some(command)),
            refused => refused,
        }
    }

    /// Reads the words of a JSON form. BuildKit expands variables in the decoded strings, so the
    /// words are parsed from these.
    fn json_words(&mut self, array: &json::Array) -> Vec<Word> {
        self.mark_array(array);
        let mut words = Vec::with_capacity(array.strings.len());
        for item in &array.strings {
            let (mut word, fault) =
                word::read(&item.value, 0, item.value.as_str().len(), self.escape);
            word.span = self.line.source_span(item.range.start, item.range.end);
            if let Some(fault) = fault {
                let span = item.value.source_span(fault.start, fault.end);
                self.errors.push(SyntaxError::new(span, fault.message));
            }
            words.push(word);
        }
        words
    }

    fn list_words(&mut self) -> Vec<Word> {
        let words = split::list(self.line.as_str(), self.arguments.clone());
        words.into_iter().map(|range| self.word(range)).collect()
    }

    fn transfer(&mut self, kind: Kind) -> Body {
        let (mut words, json) = match self.form(self.arguments.clone()) {
            Some(Form::Array(array)) => (self.json_words(&array), true),
            Some(_) => (self.list_words(), false),
            None => return Body::Other,
        };
        // The last word is the destination, and at least one must come before it.
        let destination = match words.pop() {
            Some(destination) if !words.is_empty() => destination,
            _ => {
                let message = format!("`{}` needs a source and a destination", kind.name());
                return self.refuse(message);
            }
        };
        // A JSON form has no heredocs: `self.heredocs` is empty for it.
        let mut is_word = vec![false; self.heredocs.len()];
        if let Some(index) = self.heredoc_at(&destination) {
            is_word[index] = true;
            let message = format!("the `{}` destination is a heredoc", kind.name());
            self.errors
                .push(SyntaxError::new(destination.span, message));
        }
        let mut sources = Vec::with_capacity(words.len());
        for word in words {
            sources.push(match self.heredoc_at(&word) {
                Some(index) => {
                    is_word[index] = true;
                    CopySource::Heredoc(index)
                }
                None => CopySource::Path(word),
            });
        }
        self.check_heredocs(kind, &is_word);
        Body::Transfer {
            sources,
            destination,
            json,
        }
    }

    /// Adds errors for heredocs that are not one word of the arguments, and for bodies that
    /// BuildKit cannot expand.
    fn check_heredocs(&mut self, kind: Kind, is_word: &[bool]) {
        let heredocs = self.heredocs;
        for (heredoc, &is_word) in heredocs.iter().zip(is_word) {
            if !is_word {
                // COPY cuts its arguments at every blank, so that `<< EOF` is two file names.
                let message = format!(
                    "`{}` treats this heredoc as a list of file names",
                    kind.name()
                );
                self.errors.push(
                    SyntaxError::new(heredoc.opener, message)
                        .with_note("write `<<` and the name without a space between them"),
                );
            } else if heredoc.expands {
                self.check_expansion(heredoc.body);
            }
        }
    }

    /// Adds an error for the first substitution of a body that BuildKit does not support.
    fn check_expansion(&mut self, body: Span) {
        let text = &self.text[body.range()];
        let mut joined = Joined::default();
        joined.push(text, body.start);
        let Some(fault) = word::fault_without_quotes(&joined) else {
            return;
        };
        // A fault extends to the end of the text, but one line is enough to see it.
        let rest = &text[fault.start..fault.end];
        let end = fault.start + rest.find(['\r', '\n']).unwrap_or(rest.len());
        self.errors.push(
            SyntaxError::new(joined.source_span(fault.start, end), fault.message).with_note(
                "BuildKit expands variables in a heredoc unless its name is quoted: `<<'EOF'`",
            ),
        );
    }

    /// Index of the heredoc that a word opens.
    fn heredoc_at(&self, word: &Word) -> Option<usize> {
        // Openers are in source order, and a line may have thousands of them.
        let heredocs = self.heredocs;
        heredocs
            .binary_search_by_key(&word.span, |heredoc| heredoc.opener)
            .ok()
    }

    fn from(&mut self) -> Body {
        let mut ranges = split::list(self.line.as_str(), self.arguments.clone());
        self.cut_comment(Kind::From, &mut ranges);
        let is_as =
            |range: &Range<usize>| self.line.as_str()[range.clone()].eq_ignore_ascii_case("as");
        let alias = match ranges.as_slice() {
            [_] => None,
            [_, keyword, _] if is_as(keyword) => ranges.pop(),
            _ => {
                let message = "`FROM` takes an image and, optionally, `AS` and a stage name";
                return self.refuse(message.to_owned());
            }
        };
        let image = self.word(ranges[0].clone());
        let alias = alias.map(|range| {
            self.marks.push((ranges[1].clone(), TokenKind::Keyword));
            self.stage_name(range)
        });
        Body::From { image, alias }
    }

    fn stage_name(&mut self, range: Range<usize>) -> Word {
        self.marks.push((range.clone(), TokenKind::Text));
        let name = &self.line.as_str()[range.clone()];
        if !is_stage_name(name) {
            let message =
                "invalid stage name (allowed: a letter, then letters, digits, `-`, `_`, `.`)";
            self.error(range.clone(), message.to_owned());
        }
        // BuildKit does not expand variables in the name.
        word::verbatim(self.line, range.start, range.end)
    }

    fn pairs(&mut self, kind: Kind) -> Body {
        let text = self.line.as_str();
        let mut ranges = split::quoted(text, self.arguments.clone(), self.escape);
        match ranges.first() {
            None => self.refuse(format!("`{}` needs a name and a value", kind.name())),
            // The first word decides for all, as in BuildKit's `parseNameVal`: `ENV a b=c` is the
            // old form with one value, `b=c`.
            Some(first) if text[first.clone()].contains('=') => {
                self.cut_comment(kind, &mut ranges);
                self.all_pairs(kind, &ranges)
            }
            Some(_) => self.legacy_pair(kind),
        }
    }

    /// Adds an error for a comment after the arguments, and drops its words.
    fn cut_comment(&mut self, kind: Kind, ranges: &mut Vec<Range<usize>>) {
        let text = self.line.as_str();
        let start = self.arguments.start;
        // The first word is an argument, whatever it starts with.
        let comment = ranges
            .iter()
            .position(|range| range.start > start && is_comment(kind, &text[range.clone()]));
        let Some(index) = comment else { return };
        let span = self
            .line
            .source_span(ranges[index].start, self.arguments.end);
        let message = format!("comment after the `{}` arguments", kind.name());
        self.errors
            .push(SyntaxError::new(span, message).with_note(COMMENTS_START_LINES));
        ranges.truncate(index);
    }

    fn all_pairs(&mut self, kind: Kind, ranges: &[Range<usize>]) -> Body {
        let mut pairs = Vec::with_capacity(ranges.len());
        let mut previous: Option<&Range<usize>> = None;
        for range in ranges {
            let errors = self.errors.len();
            pairs.extend(self.pair(kind, range.clone()));
            // `A= b`, most often with a line break after the `=`.
            if let Some(previous) = previous
                && self.errors.len() > errors
                && self.line.as_str()[previous.clone()].ends_with('=')
                && let Some(error) = self.errors.last_mut()
            {
                error.note = Some("the value must directly follow the `=`".to_owned());
            }
            previous = Some(range);
        }
        Body::Pairs(pairs)
    }

    fn legacy_pair(&mut self, kind: Kind) -> Body {
        let (key, value) = split::first(self.line.as_str(), self.arguments.clone());
        if value.is_empty() {
            return self.refuse(format!("`{}` needs a name and a value", kind.name()));
        }
        let span = self.line.source_span(key.start, value.end);
        let (key, value) = (self.word(key), self.word(value));
        Body::Pairs(vec![Pair {
            span,
            key,
            value: Some(value),
            legacy: true,
        }])
    }

    /// Reads `key=value`; ENV and LABEL require the value.
    fn pair(&mut self, kind: Kind, range: Range<usize>) -> Option<Pair> {
        self.marks.push((range.clone(), TokenKind::Text));
        let equals = self.line.as_str()[range.clone()]
            .find('=')
            .map(|offset| range.start + offset);
        let message = match equals {
            // `ARG name` declares a variable that `--build-arg` may set.
            None if kind != Kind::Arg => "missing `=` between name and value".to_owned(),
            Some(equals) if equals == range.start => format!("empty name in `{}`", kind.name()),
            _ => {
                let key = range.start..equals.unwrap_or(range.end);
                let key = if kind == Kind::Arg {
                    // BuildKit takes the names of ARG as they are written.
                    word::verbatim(self.line, key.start, key.end)
                } else {
                    self.inner_word(key)
                };
                let value = equals.map(|equals| self.inner_word(equals + 1..range.end));
                let span = self.line.source_span(range.start, range.end);
                return Some(Pair {
                    span,
                    key,
                    value,
                    legacy: false,
                });
            }
        };
        self.error(range, message);
        None
    }

    fn build_arguments(&mut self) -> Body {
        let ranges = split::quoted(self.line.as_str(), self.arguments.clone(), self.escape);
        if ranges.is_empty() {
            return self.refuse("`ARG` needs a name".to_owned());
        }
        Body::Pairs(
            ranges
                .into_iter()
                .filter_map(|range| self.pair(Kind::Arg, range))
                .collect(),
        )
    }

    fn list(&mut self, kind: Kind, json: bool) -> Body {
        if self.arguments.is_empty() {
            return self.refuse(format!("`{}` needs an argument", kind.name()));
        }
        let words = self.list_words();
        for word in &words {
            // BuildKit refuses this as soon as it has removed the quotes.
            if kind == Kind::Volume && word.literal() == Some("") {
                self.errors
                    .push(SyntaxError::new(word.span, "empty path in `VOLUME`"));
            }
        }
        Body::Words { words, json }
    }

    fn volumes(&mut self) -> Body {
        let array = match self.form(self.arguments.clone()) {
            Some(Form::Array(array)) => array,
            Some(_) => return self.list(Kind::Volume, false),
            None => return Body::Other,
        };
        if array.strings.is_empty() {
            return self.refuse("`VOLUME` needs an argument".to_owned());
        }
        // `VOLUME ""` would be a volume without a mount point, which BuildKit rejects.
        for item in &array.strings {
            if item.value.as_str().trim().is_empty() {
                self.error(item.range.clone(), "empty path in `VOLUME`".to_owned());
            }
        }
        Body::Words {
            words: self.json_words(&array),
            json: true,
        }
    }

    fn one_text(&mut self, kind: Kind) -> Body {
        if self.arguments.is_empty() {
            return self.refuse(format!("`{}` needs an argument", kind.name()));
        }
        let range = self.arguments.clone();
        // Of the four, only MAINTAINER is not among the instructions in which BuildKit expands
        // variables.
        let word = if kind == Kind::Maintainer {
            word::verbatim(self.line, range.start, range.end)
        } else {
            self.inner_word(range)
        };
        Body::Words {
            words: vec![word],
            json: false,
        }
    }
}

/// Whether a word was meant as the start of a comment.
fn is_comment(kind: Kind, word: &str) -> bool {
    // `#a=b` is a pair with a strange name, which BuildKit accepts.
    let is_pair = kind != Kind::From && word.contains('=');
    word.starts_with('#') && !is_pair
}

/// Matches BuildKit's pattern for stage names, `^[a-z][a-z0-9-_\.]*$`, on the name in lower case.
fn is_stage_name(name: &str) -> bool {
    for byte in name.bytes() {
        if !byte.is_ascii_alphanumeric() && !matches!(byte, b'-' | b'_' | b'.') {
            return false;
        }
    }
    name.starts_with(|first: char| first.is_ascii_alphabetic())
}
