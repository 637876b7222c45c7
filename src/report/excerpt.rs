//! Excerpts: the lines of a source that a finding is on. The renderer would otherwise scan the
//! whole file for each finding.

use std::borrow::Cow;

use crate::printable::escaped_at;
use crate::source::{Source, Span};

/// Whole lines of a source, from the first to the last that any of the spans touches, with control
/// characters escaped.
pub(super) struct Excerpt<'a> {
    pub(super) text: Cow<'a, str>,
    /// The number of its first line, from 1.
    pub(super) line: usize,
    start: usize,
    /// Offsets after every escape, in the source and in `text`.
    escapes: Vec<(usize, usize)>,
}

impl<'a> Excerpt<'a> {
    pub(super) fn new(source: &'a Source, spans: impl Iterator<Item = Span>) -> Self {
        let all = spans.reduce(Span::to).unwrap_or_default();
        let first = source.line(all.start);
        let last = source.line(all.end.max(all.start)).min(source.line_count());
        let start = source.line_span(first).start;
        let end = source.line_span(last.max(first)).end.max(start);
        let mut escapes = Vec::new();
        Self {
            text: escape(source.slice(Span::new(start, end)), &mut escapes),
            line: first,
            start,
            escapes,
        }
    }

    /// The range of a span of the source in `text`.
    pub(super) fn range(&self, span: Span) -> std::ops::Range<usize> {
        self.place(span.start)..self.place(span.end)
    }

    fn place(&self, offset: usize) -> usize {
        let offset = offset.saturating_sub(self.start);
        let before = self
            .escapes
            .partition_point(|(source, _)| *source <= offset);
        let (source, text) = match before.checked_sub(1) {
            Some(last) => self.escapes[last],
            None => (0, 0),
        };
        (text + offset - source).min(self.text.len())
    }
}

/// A replacement text of a fix, escaped like the text of an excerpt.
pub(super) fn escaped(text: &str) -> Cow<'_, str> {
    escape(text, &mut Vec::new())
}

/// Escapes all control characters but line breaks, and records where the offsets change.
fn escape<'a>(text: &'a str, escapes: &mut Vec<(usize, usize)>) -> Cow<'a, str> {
    let mut out = String::new();
    let mut copied = 0;
    for (at, letter) in text.char_indices() {
        let is_break = letter == '\n' || text[at..].starts_with("\r\n");
        // Nearly every character is plain ASCII. `#` may begin a command of a CI system.
        if is_break || (matches!(letter, ' '..='~') && letter != '#') {
            continue;
        }
        if let Some(escape) = escaped_at(text, at) {
            out.push_str(&text[copied..at]);
            out.push_str(&escape);
            copied = at + letter.len_utf8();
            escapes.push((copied, out.len()));
        }
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[copied..]);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_point_at_the_same_text_behind_escapes() {
        let source = Source::new("D", "FROM a\nRUN \u{1b}[1m\u{202e}x\ty\r\r\nCMD z\n");
        let at = |word: &str| {
            let start = source.text().find(word).expect("it is there");
            Span::new(start, start + word.len())
        };
        let excerpt = Excerpt::new(&source, [at("RUN"), at("CMD")].into_iter());
        assert_eq!(excerpt.text, "RUN \\x1b[1m\\u{202e}x\ty\\r\r\nCMD z");
        for word in ["RUN", "[1m", "x", "y", "CMD", "z"] {
            assert_eq!(&excerpt.text[excerpt.range(at(word))], word);
        }
        assert_eq!(&excerpt.text[excerpt.range(at("\u{202e}"))], "\\u{202e}");
    }
}
