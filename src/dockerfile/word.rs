//! Parses words: quotes, escapes and variables, as expanded by BuildKit's `shell.Lex`.

use std::ops::Range;

use super::syntax::{Heredoc, Joined, Modifier, Variable, Word, WordPart};
use crate::source::Span;

/// Maximum nesting of `${a:-${b:-…}}`. BuildKit has no limit, but even ten levels do not occur in
/// practice.
const MAX_DEPTH: u32 = 64;

/// An error that BuildKit would report in a word, by offsets in the joined text.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) message: &'static str,
}

/// Parses the word at `start..end` of a joined text. In case of a fault, it is a literal, as
/// written.
pub(super) fn read(
    joined: &Joined,
    start: usize,
    end: usize,
    escape: char,
) -> (Word, Option<Fault>) {
    let mut lexer = Lexer::new(joined, start, end, escape);
    lexer.checks_patterns = true;
    lexer.word(start)
}

/// Parses the value of a flag, whose escapes BuildKit removes before it expands variables.
pub(super) fn read_flag(
    joined: &Joined,
    start: usize,
    end: usize,
    escape: char,
) -> (Word, Option<Fault>) {
    Lexer::new(joined, start, end, escape).word(start)
}

/// The first fault of a text in which quotes are plain characters: the body of a heredoc.
pub(super) fn fault_without_quotes(joined: &Joined) -> Option<Fault> {
    let text = joined.as_str();
    // Most bodies have nothing to expand.
    memchr::memchr(b'$', text.as_bytes())?;
    let mut lexer = Lexer::new(joined, 0, text.len(), '\\');
    lexer.has_quotes = false;
    lexer.checks_patterns = true;
    lexer.parts(None, &mut Vec::new()).err()
}

/// A text as a word with quotes and variables, or the reason why BuildKit cannot expand it.
pub fn word_of(text: &Joined, escape: char) -> Result<Word, &'static str> {
    let (word, fault) = read(text, 0, text.as_str().len(), escape);
    match fault {
        Some(fault) => Err(fault.message),
        None => Ok(word),
    }
}

/// The text and the variables of a heredoc's body, in which quotes are plain characters. None if
/// BuildKit expands nothing in it, or cannot.
pub fn heredoc_parts(text: &str, heredoc: &Heredoc) -> Vec<WordPart> {
    let body = &text[heredoc.body.range()];
    // Most bodies have nothing to expand.
    if !heredoc.expands || memchr::memchr(b'$', body.as_bytes()).is_none() {
        return Vec::new();
    }
    let mut joined = Joined::default();
    joined.push(body, heredoc.body.start);
    let mut lexer = Lexer::new(&joined, 0, body.len(), '\\');
    lexer.has_quotes = false;
    let mut parts = Vec::new();
    if lexer.parts(None, &mut parts).is_err() {
        parts.clear();
    }
    parts
}

/// A word in which nothing has a meaning of its own.
pub(super) fn verbatim(joined: &Joined, start: usize, end: usize) -> Word {
    let text = joined.slice(start, end);
    let mut parts = Vec::new();
    push_literal(&mut parts, text.as_str());
    Word {
        span: joined.source_span(start, end),
        text,
        parts,
    }
}

fn push_literal(parts: &mut Vec<WordPart>, text: &str) {
    match parts.last_mut() {
        // An empty literal would make `""` differ from a word without parts.
        _ if text.is_empty() => {}
        Some(WordPart::Literal(before)) => before.push_str(text),
        _ => {
            // Nearly every word is one part. A list would grow to four at once, of 100 bytes each.
            if parts.is_empty() {
                parts.reserve_exact(1);
            }
            parts.push(WordPart::Literal(text.to_owned()));
        }
    }
}

/// A lexer for a range of a joined text; each step reads one construct.
#[derive(Debug)]
pub(super) struct Lexer<'a> {
    joined: &'a Joined,
    /// The joined text up to the end of the range.
    text: &'a str,
    at: usize,
    escape: char,
    /// False if quotes are plain characters.
    has_quotes: bool,
    /// False where variables stay as written, so that nothing is compared with a pattern.
    checks_patterns: bool,
    depth: u32,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(joined: &'a Joined, start: usize, end: usize, escape: char) -> Self {
        Self {
            joined,
            text: &joined.as_str()[..end],
            at: start,
            escape,
            has_quotes: true,
            checks_patterns: false,
            depth: 0,
        }
    }

    /// Reads the whole range, which starts at `start`.
    fn word(&mut self, start: usize) -> (Word, Option<Fault>) {
        let mut parts = Vec::new();
        let fault = self.parts(None, &mut parts).err();
        // To rules, the parts before a fault would look like a whole word.
        if fault.is_some() {
            parts.clear();
            push_literal(&mut parts, &self.text[start..]);
        }
        let end = self.text.len();
        (
            Word {
                span: self.joined.source_span(start, end),
                text: self.joined.slice(start, end),
                parts,
            },
            fault,
        )
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    pub(super) fn bump(&mut self) -> Option<char> {
        let char = self.peek()?;
        self.at += char.len_utf8();
        Some(char)
    }

    /// Reads up to and over `stop`, or to the end of the range.
    fn parts(&mut self, stop: Option<char>, parts: &mut Vec<WordPart>) -> Result<(), Fault> {
        let start = self.at;
        while let Some(char) = self.peek() {
            if Some(char) == stop {
                self.bump();
                return Ok(());
            }
            self.step(char, stop, parts)?;
        }
        match stop {
            None => Ok(()),
            Some('/') => Err(self.fault(start, "unterminated pattern in `${…/…/…}`")),
            Some(_) => Err(self.fault(start, "`${` without a closing `}`")),
        }
    }

    /// Reads the construct that starts with `char`, outside of quotes.
    pub(super) fn step(
        &mut self,
        char: char,
        stop: Option<char>,
        parts: &mut Vec<WordPart>,
    ) -> Result<(), Fault> {
        match char {
            '\'' if self.has_quotes => self.single_quoted(parts),
            '"' if self.has_quotes => self.double_quoted(parts),
            '$' => self.dollar(parts),
            _ if char == self.escape => {
                self.bump();
                let start = self.at;
                // At the very end, the escape character is dropped, as in BuildKit.
                self.bump();
                push_literal(parts, &self.text[start..self.at]);
                Ok(())
            }
            _ => {
                self.plain_text(stop, parts);
                Ok(())
            }
        }
    }

    /// Reads up to the next special character at once, because most of a word is plain text.
    fn plain_text(&mut self, stop: Option<char>, parts: &mut Vec<WordPart>) {
        let rest = &self.text[self.at..];
        let length = rest
            .find(|next: char| {
                let is_quote = self.has_quotes && matches!(next, '\'' | '"');
                is_quote || next == '$' || next == self.escape || Some(next) == stop
            })
            .unwrap_or(rest.len());
        push_literal(parts, &rest[..length]);
        self.at += length;
    }

    fn single_quoted(&mut self, parts: &mut Vec<WordPart>) -> Result<(), Fault> {
        let start = self.at;
        let inside = &self.text[start + 1..];
        // No character is special between single quotes, not even the escape character.
        let length = inside
            .find('\'')
            .ok_or_else(|| self.fault(start, "unterminated single quote"))?;
        push_literal(parts, &inside[..length]);
        self.at = start + 1 + length + 1;
        Ok(())
    }

    fn double_quoted(&mut self, parts: &mut Vec<WordPart>) -> Result<(), Fault> {
        let start = self.at;
        self.bump();
        loop {
            match self.peek() {
                None => return Err(self.fault(start, "unterminated double quote")),
                Some('"') => {
                    self.bump();
                    return Ok(());
                }
                Some('$') => self.dollar(parts)?,
                Some(char) if char == self.escape => {
                    let mut literal = self.at;
                    self.bump();
                    // Between double quotes, the escape character is literal unless one of these
                    // three follows: `"C:\temp"` keeps its backslash.
                    if let Some(next) = self.peek()
                        && (next == '"' || next == '$' || next == self.escape)
                    {
                        literal = self.at;
                        self.bump();
                    }
                    push_literal(parts, &self.text[literal..self.at]);
                }
                Some(_) => {
                    let rest = &self.text[self.at..];
                    let length = rest.find(['"', '$', self.escape]).unwrap_or(rest.len());
                    push_literal(parts, &rest[..length]);
                    self.at += length;
                }
            }
        }
    }

    fn dollar(&mut self, parts: &mut Vec<WordPart>) -> Result<(), Fault> {
        let start = self.at;
        self.bump();
        if self.peek() == Some('{') {
            self.bump();
            let (name, modifier) = self.braces(start)?;
            parts.push(WordPart::Variable(Variable {
                span: self.span(start),
                name,
                modifier: modifier.map(Box::new),
            }));
            return Ok(());
        }
        match self.name() {
            // A dollar sign before a space, a quote or the end is literal.
            "" => push_literal(parts, "$"),
            name => parts.push(WordPart::Variable(Variable {
                span: self.span(start),
                name: name.to_owned(),
                modifier: None,
            })),
        }
        Ok(())
    }

    /// Reads the rest of `${…}`, including the closing brace.
    fn braces(&mut self, start: usize) -> Result<(String, Option<Modifier>), Fault> {
        // BuildKit's `processDollar` rejects these immediately.
        if matches!(self.peek(), Some('{' | '}' | ':')) {
            return Err(self.fault(start, "`${` without a variable name"));
        }
        let name = self.name().to_owned();
        // Each level is a recursive call, and the text may be hostile.
        if self.depth == MAX_DEPTH {
            return Err(self.fault(start, "substitutions are nested too deeply"));
        }
        self.depth += 1;
        let modifier = self.modifier(start);
        self.depth -= 1;
        Ok((name, modifier?))
    }

    fn modifier(&mut self, start: usize) -> Result<Option<Modifier>, Fault> {
        let first = self.bump();
        let colon = first == Some(':');
        let operator = if colon { self.bump() } else { first };
        // BuildKit refuses a colon before `#`, `%` and `/`, where it has no meaning.
        let modifier = match operator {
            Some('}') if !colon => return Ok(None),
            Some('-') => Modifier::Default {
                colon,
                word: self.inner_word()?,
            },
            Some('+') => Modifier::Alternative {
                colon,
                word: self.inner_word()?,
            },
            Some('?') => Modifier::Required {
                colon,
                word: self.inner_word()?,
            },
            Some('#') if !colon => {
                let longest = self.accept('#');
                Modifier::RemovePrefix {
                    longest,
                    pattern: self.pattern_until('}')?,
                }
            }
            Some('%') if !colon => {
                let longest = self.accept('%');
                Modifier::RemoveSuffix {
                    longest,
                    pattern: self.pattern_until('}')?,
                }
            }
            Some('/') if !colon => {
                let all = self.accept('/');
                Modifier::Replace {
                    all,
                    pattern: self.pattern_until('/')?,
                    replacement: self.raw_until('}')?,
                }
            }
            Some(_) => return Err(self.fault(start, "unsupported substitution")),
            None => return Err(self.fault(start, "`${` without a closing `}`")),
        };
        Ok(Some(modifier))
    }

    fn inner_word(&mut self) -> Result<Vec<WordPart>, Fault> {
        let mut parts = Vec::new();
        self.parts(Some('}'), &mut parts)?;
        Ok(parts)
    }

    /// Returns a pattern as written up to `stop`, which is consumed too.
    fn pattern_until(&mut self, stop: char) -> Result<String, Fault> {
        let start = self.at;
        let pattern = self.raw_until(stop)?;
        if self.checks_patterns
            && let Some(range) = bad_escape(&pattern, self.escape)
        {
            return Err(Fault {
                start: start + range.start,
                end: start + range.end,
                message: "only `*`, `?`, `\\`, `/` and `}` can be escaped in a pattern",
            });
        }
        Ok(pattern)
    }

    /// Returns the text as written up to `stop`, which is consumed too.
    fn raw_until(&mut self, stop: char) -> Result<String, Fault> {
        let start = self.at;
        // A pattern is kept as written, because quotes and escapes affect its meaning. Its parts
        // are only parsed to find the end.
        self.parts(Some(stop), &mut Vec::new())?;
        Ok(self.text[start..self.at - stop.len_utf8()].to_owned())
    }

    fn accept(&mut self, char: char) -> bool {
        let found = self.peek() == Some(char);
        if found {
            self.bump();
        }
        found
    }

    /// Reads a name, a number, or one of the shell's special parameters.
    fn name(&mut self) -> &'a str {
        // As in BuildKit's `processName`: letters of any script are part of a name.
        let rest = &self.text[self.at..];
        let length = match rest.chars().next() {
            Some(first) if first.is_ascii_digit() => rest
                .find(|char: char| !char.is_ascii_digit())
                .unwrap_or(rest.len()),
            Some('@' | '*' | '#' | '?' | '-' | '$' | '!') => 1,
            _ => rest
                .find(|char: char| !char.is_alphanumeric() && char != '_')
                .unwrap_or(rest.len()),
        };
        self.at += length;
        &rest[..length]
    }

    fn span(&self, start: usize) -> Span {
        self.joined.source_span(start, self.at)
    }

    fn fault(&self, start: usize, message: &'static str) -> Fault {
        Fault {
            start,
            end: self.text.len(),
            message,
        }
    }
}

/// The first escape of a pattern that BuildKit's `convertShellPatternToRegex` refuses. It always
/// takes the backslash, and quotes do not protect one.
fn bad_escape(pattern: &str, escape: char) -> Option<Range<usize>> {
    let mut chars = pattern.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '\\' => {
                let (next_at, next) = chars.next()?;
                // With another escape character, a variable follows the backslash.
                if next == '$' && escape != '\\' {
                    return None;
                }
                if !matches!(next, '*' | '?' | '\\' | '}' | '/') {
                    return Some(at..next_at + next.len_utf8());
                }
            }
            // The rest may be inside of a substitution.
            '$' => return None,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Vec<WordPart> {
        let mut joined = Joined::default();
        joined.push(text, 0);
        let (word, fault) = read(&joined, 0, text.len(), '\\');
        assert!(fault.is_none(), "{text}: {fault:?}");
        word.parts
    }

    fn fault(text: &str) -> &'static str {
        let mut joined = Joined::default();
        joined.push(text, 0);
        read(&joined, 0, text.len(), '\\')
            .1
            .expect("a fault")
            .message
    }

    fn literal(text: &str) -> WordPart {
        WordPart::Literal(text.to_owned())
    }

    fn modifier(text: &str) -> Modifier {
        match parts(text).as_slice() {
            [
                WordPart::Variable(Variable {
                    name,
                    modifier: Some(modifier),
                    ..
                }),
            ] if name == "a" => Modifier::clone(modifier),
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn quotes_and_escapes_are_removed() {
        assert_eq!(parts(r#"a"b c"'d $e'\"f"#), [literal("ab cd $e\"f")]);
        assert_eq!(parts(r#""\a\"\$\\""#), [literal(r#"\a"$\"#)]);
        assert_eq!(parts("''"), []);
        assert_eq!(parts("a\\"), [literal("a")]);
    }

    #[test]
    fn variables_separate_the_literals_of_a_word() {
        let variable = |start, end, name: &str| {
            WordPart::Variable(Variable {
                span: Span::new(start, end),
                name: name.to_owned(),
                modifier: None,
            })
        };
        assert_eq!(
            parts("x$a-${b_1}"),
            [
                literal("x"),
                variable(1, 3, "a"),
                literal("-"),
                variable(4, 10, "b_1")
            ]
        );
        assert_eq!(
            parts("$1a$ $?"),
            [variable(0, 2, "1"), literal("a$ "), variable(5, 7, "?")]
        );
    }

    #[test]
    fn every_buildkit_modifier_is_parsed() {
        let word = vec![literal("w")];
        assert_eq!(
            modifier("${a-w}"),
            Modifier::Default {
                colon: false,
                word: word.clone()
            }
        );
        assert_eq!(
            modifier("${a:-w}"),
            Modifier::Default {
                colon: true,
                word: word.clone()
            }
        );
        assert_eq!(
            modifier("${a:+'w'}"),
            Modifier::Alternative {
                colon: true,
                word: word.clone()
            }
        );
        assert_eq!(
            modifier("${a?w}"),
            Modifier::Required { colon: false, word }
        );
        assert_eq!(
            modifier("${a##*/}"),
            Modifier::RemovePrefix {
                longest: true,
                pattern: "*/".into()
            }
        );
        assert_eq!(
            modifier("${a%.*}"),
            Modifier::RemoveSuffix {
                longest: false,
                pattern: ".*".into()
            }
        );
        let replace = Modifier::Replace {
            all: true,
            pattern: "\\/".into(),
            replacement: "-".into(),
        };
        assert_eq!(modifier("${a//\\//-}"), replace);
    }

    #[test]
    fn a_pattern_escapes_only_what_is_special_in_it() {
        let message = "only `*`, `?`, `\\`, `/` and `}` can be escaped in a pattern";
        for bad in [
            "${a#\\x}",
            "${a%%\\.}",
            "${a/\\n/b}",
            "${a#'\\x'}",
            "${a#\"\\\"\"}",
            "${a#\\$b}",
        ] {
            assert_eq!(fault(bad), message, "{bad}");
        }
        for good in [
            "${a#\\*}",
            "${a%\\?x}",
            "${a/\\\\/b}",
            "${a/\\//b}",
            "${a#\\}}",
            "${a/b/\\x}",
            "${a#$b\\x}",
        ] {
            parts(good);
        }
    }

    #[test]
    fn patterns_do_not_matter_where_variables_stay_as_written() {
        let mut joined = Joined::default();
        joined.push("${a#\\x}", 0);
        let mut lexer = Lexer::new(&joined, 0, joined.as_str().len(), '\\');
        assert!(lexer.step('$', None, &mut Vec::new()).is_ok());
    }

    #[test]
    fn quotes_are_plain_characters_in_a_heredoc() {
        let mut joined = Joined::default();
        joined.push("it's \"${a:-b}\" \\${c^}", 0);
        assert!(fault_without_quotes(&joined).is_none());
        joined.push(" '${d^^}'", 40);
        let fault = fault_without_quotes(&joined).expect("a fault");
        assert_eq!(fault.message, "unsupported substitution");
    }

    #[test]
    fn substitutions_can_be_nested() {
        let Modifier::Default { word, .. } = modifier("${a:-${b:-c}}") else {
            panic!("a default")
        };
        assert!(matches!(&word[..], [WordPart::Variable(Variable { name, .. })] if name == "b"));
    }

    #[test]
    fn substitutions_that_buildkit_refuses_are_faults() {
        assert_eq!(fault("'a"), "unterminated single quote");
        assert_eq!(fault("\"a"), "unterminated double quote");
        assert_eq!(fault("${a"), "`${` without a closing `}`");
        assert_eq!(fault("${a:-b"), "`${` without a closing `}`");
        assert_eq!(fault("${}"), "`${` without a variable name");
        assert_eq!(fault("${a^}"), "unsupported substitution");
        for colon in ["${a:#b}", "${a:%b}", "${a:/b/c}"] {
            assert_eq!(fault(colon), "unsupported substitution", "{colon}");
        }
        assert_eq!(
            fault(&"${a:-".repeat(100_000)),
            "substitutions are nested too deeply"
        );
    }
}
