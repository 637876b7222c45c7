//! Excerpts: the lines of a source around a finding. Without them, the renderer would scan the
//! whole file for each finding.

use std::borrow::Cow;

use crate::lint::Edit;
use crate::printable::escaped_at;
use crate::source::{Source, Span};

/// Maximum number of bytes and lines of a source that a finding shows. The renderer scans all of
/// them for every finding, and a hostile file has thousands of findings on one line.
const MAX_BYTES: usize = 32 << 10;
const MAX_LINES: usize = 1000;
/// Number of bytes shown before and after the start of a finding on a line that is too long.
const MAX_BEFORE: usize = 200;
const MAX_AFTER: usize = 800;
/// Bytes shown before and after edits in a line that is too wide for the terminal.
const BESIDE_EDIT: usize = 16;
/// The mark of a part that is left out.
const CUT: &str = "...";

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

    /// The lines that edits change, each cut down to the surroundings of its edits if it does not
    /// fit into `room` columns before or after them. `None` if that is not possible.
    pub(super) fn of_edits(source: &'a Source, edits: &[Edit], room: usize) -> Option<Self> {
        let spans = edits.iter().map(|edit| whole_lines(source, edit.span));
        let lines = spans.reduce(Span::to)?;
        if !is_short(source, lines) {
            return None;
        }
        let mut text = String::new();
        let mut escapes = Vec::new();
        let last = source.line(lines.end);
        for number in source.line(lines.start)..=last {
            let line = source.line_span(number);
            let kept = kept_part(source, line, edits, room)?;
            if kept.start > line.start {
                text.push_str(CUT);
                escapes.push((kept.start - lines.start, text.len()));
            }
            let mut own = Vec::new();
            let shown = escape(source.slice(kept), &mut own);
            for (from, to) in own {
                escapes.push((kept.start - lines.start + from, text.len() + to));
            }
            text.push_str(&shown);
            if kept.end < line.end {
                text.push_str(CUT);
            }
            // After a cut, the places of the source go on at the end of the line.
            escapes.push((line.end - lines.start, text.len()));
            if number < last {
                let line_break = Span::new(line.end, source.line_span(number + 1).start);
                text.push_str(source.slice(line_break));
            }
        }
        Some(Self {
            text: Cow::Owned(text),
            line: source.line(lines.start),
            span: lines,
            end: end_with_break(source, lines.end),
            is_cut: false,
            escapes,
        })
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

/// The part of a line to show with the edits in it; `None` if they do not fit into `room` columns.
fn kept_part(source: &Source, line: Span, edits: &[Edit], room: usize) -> Option<Span> {
    let touching = edits
        .iter()
        .filter(|edit| edit.span.start <= line.end && line.start <= edit.span.end);
    let mut changed: Option<Span> = None;
    let (mut added, mut removed) = (0, 0);
    for edit in touching {
        let inside = Span::new(
            edit.span.start.clamp(line.start, line.end),
            edit.span.end.clamp(line.start, line.end),
        );
        changed = Some(changed.map_or(inside, |all| all.to(inside)));
        let lines: Vec<usize> = edit.replacement.lines().map(columns).collect();
        added += lines.first().copied().unwrap_or_default();
        removed += columns(source.slice(inside));
        // The rest of the line follows the last line of the replacement.
        let rest = columns(source.slice(Span::new(inside.end, line.end)));
        let is_wide = match lines.as_slice() {
            [_, middle @ .., last] => {
                middle.iter().any(|columns| *columns > room) || last + rest > room
            }
            _ => false,
        };
        if is_wide {
            return None;
        }
    }
    let width = columns(source.slice(line));
    if width.max((width + added).saturating_sub(removed)) <= room {
        return Some(line);
    }
    let text = source.text();
    let Some(changed) = changed else {
        // Between edits, the start of a line is enough.
        let end = (line.start + room.saturating_sub(CUT.len())).min(line.end);
        return Some(Span::new(line.start, text.floor_char_boundary(end)));
    };
    let start = changed.start.saturating_sub(BESIDE_EDIT).max(line.start);
    let end = (changed.end + BESIDE_EDIT).min(line.end);
    let kept = Span::new(
        text.floor_char_boundary(start),
        text.ceil_char_boundary(end),
    );
    let width = columns(source.slice(kept)) + 2 * CUT.len();
    if width.max((width + added).saturating_sub(removed)) <= room {
        Some(kept)
    } else {
        None
    }
}

/// The columns of a text in which the renderer shows a tab as four blanks.
fn columns(text: &str) -> usize {
    text.chars().count() + 3 * text.matches('\t').count()
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
    fn spans_still_point_at_their_text_after_escaping() {
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
    fn a_wide_line_is_cropped_around_its_edits() {
        let text = format!(
            "RUN a\nRUN {} && b -c {}\nRUN d\n",
            "x ".repeat(60),
            "y ".repeat(60)
        );
        let source = Source::new("D", text.as_str());
        let at = text.find("-c").expect("it is there");
        let insert = |text: &str| Edit::insert(at, text.to_owned());
        let edits = [insert("-e ")];
        let excerpt = Excerpt::of_edits(&source, &edits, 60).expect("it fits");
        assert_eq!(excerpt.text, "...x x x x x  && b -c y y y y y y y...");
        assert_eq!(excerpt.line, 2);
        let place = excerpt.range(edits[0].span);
        assert_eq!(&excerpt.text[place.start..place.start + 2], "-c");
        assert!(Excerpt::of_edits(&source, &[insert(&"z".repeat(40))], 60).is_none());
        let whole = Excerpt::of_edits(&source, &edits, 300).expect("it fits");
        assert_eq!(whole.text.len(), source.slice(source.line_span(2)).len());
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
    fn an_overlong_line_is_cropped_around_the_span() {
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
