//! Excerpts: the lines of a source around a finding. Without them, the renderer would scan the
//! whole file for each finding.

use std::borrow::Cow;

use crate::printable::escaped_at;
use crate::source::{Source, Span};

/// Maximum number of bytes and lines of a source that a finding shows. The renderer scans all of
/// them for every finding, and a hostile file has thousands of findings on one line.
const MAX_BYTES: usize = 32 << 10;
const MAX_LINES: usize = 1000;
/// Number of bytes shown before and after the start of a finding on a line that is too long.
const MAX_BEFORE: usize = 200;
const MAX_AFTER: usize = 800;

/// Lines of a source around a finding, with control characters escaped.
pub(super) struct Excerpt<'a> {
    pub(super) text: Cow<'a, str>,
    /// The number of its first line, from 1.
    pub(super) line: usize,
    /// The part of the source that is shown.
    span: Span,
    /// The offset in the source after the excerpt, and after the line break of whole lines.
    end: usize,
    /// Whether the excerpt starts within a line, so that columns in it are not those of the source.
    pub(super) is_cut: bool,
    /// Offsets after every escape, in the source and in `text`.
    escapes: Vec<(usize, usize)>,
}

impl<'a> Excerpt<'a> {
    /// The whole lines from the first to the last that any of the spans touches. Spans that are too
    /// far from `main` are skipped.
    pub(super) fn new(
        source: &'a Source,
        main: Span,
        others: impl IntoIterator<Item = Span>,
    ) -> Self {
        let mut lines = whole_lines(source, main);
        let is_cut = !is_short(source, lines);
        if is_cut {
            lines = part_of_line(source, main);
        } else {
            for other in others {
                let wider = lines.to(whole_lines(source, other));
                if is_short(source, wider) {
                    lines = wider;
                }
            }
        }
        let end = if is_cut {
            lines.end
        } else {
            end_with_break(source, lines.end)
        };
        let mut escapes = Vec::new();
        Self {
            text: escape(source.slice(lines), &mut escapes),
            line: source.line(lines.start),
            span: lines,
            end,
            is_cut,
            escapes,
        }
    }

    /// Whether the excerpt contains all of a span. The line break at its end counts as shown.
    pub(super) fn shows(&self, span: Span) -> bool {
        self.span.start <= span.start && span.end <= self.end
    }

    /// The range of a span of the source in `text`.
    pub(super) fn range(&self, span: Span) -> std::ops::Range<usize> {
        self.place(span.start)..self.place(span.end)
    }

    fn place(&self, offset: usize) -> usize {
        let offset = offset.saturating_sub(self.span.start);
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

/// The lines that a span touches, from the start of the first to the end of the last.
fn whole_lines(source: &Source, span: Span) -> Span {
    let first = source.line(span.start);
    let last = source.line(span.end).min(source.line_count());
    let start = source.line_span(first).start;
    Span::new(start, source.line_span(last.max(first)).end.max(start))
}

/// The start of the line after the one that ends at `end`, or the end of the text.
fn end_with_break(source: &Source, end: usize) -> usize {
    let next = source.line(end) + 1;
    if next <= source.line_count() {
        source.line_span(next).start
    } else {
        source.text().len()
    }
}

fn is_short(source: &Source, lines: Span) -> bool {
    lines.end - lines.start <= MAX_BYTES
        && source.line(lines.end) - source.line(lines.start) < MAX_LINES
}

/// The part of the first line of a span that surrounds the start of the span.
fn part_of_line(source: &Source, span: Span) -> Span {
    let line = source.line_span(source.line(span.start));
    let text = source.text();
    let start = text.ceil_char_boundary(span.start.saturating_sub(MAX_BEFORE).max(line.start));
    let end = text.floor_char_boundary(span.start.saturating_add(MAX_AFTER).min(line.end));
    Span::new(start, end.max(start))
}

/// A replacement text of a fix, escaped like the text of an excerpt.
pub(super) fn escaped(text: &str) -> Cow<'_, str> {
    escape(text, &mut Vec::new())
}

/// Escapes all control characters except line breaks, and records where offsets change.
fn escape<'a>(text: &'a str, escapes: &mut Vec<(usize, usize)>) -> Cow<'a, str> {
    let mut out = String::new();
    let mut copied = 0;
    for (at, letter) in text.char_indices() {
        let is_break = letter == '\n' || text[at..].starts_with("\r\n");
        // Almost every character is plain ASCII. `#` may begin a command of a CI system.
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
        let excerpt = Excerpt::new(&source, at("RUN"), [at("CMD")]);
        assert_eq!(excerpt.text, "RUN \\x1b[1m\\u{202e}x\ty\\r\r\nCMD z");
        for word in ["RUN", "[1m", "x", "y", "CMD", "z"] {
            assert_eq!(&excerpt.text[excerpt.range(at(word))], word);
        }
        assert_eq!(&excerpt.text[excerpt.range(at("\u{202e}"))], "\\u{202e}");
    }

    #[test]
    fn a_span_that_is_far_away_does_not_widen_the_excerpt() {
        let source = Source::new("D", "a\n".repeat(MAX_LINES + 10));
        let (near, far) = (Span::new(4, 5), Span::at(source.text().len()));
        let excerpt = Excerpt::new(&source, Span::new(2, 3), [far, near]);
        assert_eq!((excerpt.text.as_ref(), excerpt.line), ("a\na", 2));
        assert!(excerpt.shows(near) && !excerpt.shows(far));
    }

    #[test]
    fn of_a_line_that_is_too_long_the_surroundings_of_the_span_are_shown() {
        let source = Source::new(
            "D",
            format!("x\n{}END{}", "ä".repeat(MAX_BYTES), "ö".repeat(9000)),
        );
        let start = source.text().find("END").expect("it is there");
        let excerpt = Excerpt::new(&source, Span::new(start, start + 3), []);
        let expected = format!(
            "{}END{}",
            "ä".repeat(MAX_BEFORE / 2),
            "ö".repeat((MAX_AFTER - 3) / 2)
        );
        assert_eq!(excerpt.text, expected);
        assert!(excerpt.is_cut && excerpt.line == 2);
        assert_eq!(
            &excerpt.text[excerpt.range(Span::new(start, start + 3))],
            "END"
        );
    }
}
