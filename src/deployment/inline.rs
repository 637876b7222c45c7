//! Dockerfiles inside of other files, and the way from their text back to the file.

use super::place::Place;
use crate::source::Span;

/// The text of a Dockerfile in a YAML or HCL file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InlineText {
    /// The text, without the indentation of the file.
    pub text: String,
    /// The whole value in the file.
    pub place: Place,
    /// Where each line of the text is in the file; empty if lines do not correspond.
    lines: Vec<Line>,
}

/// A line of the text, and its counterpart in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Line {
    /// The offset in the text.
    start: usize,
    /// The span in the file, without indentation and line break.
    file: Span,
    /// Whether variables were replaced, so that offsets in the line differ.
    is_changed: bool,
}

impl InlineText {
    /// A text that is written line by line in `place`, after a line with a marker such as `|` or
    /// `<<EOT`. `file` is the whole file.
    pub fn of_block(text: String, place: Place, file: &str) -> Self {
        let lines = lines(&text, place, file);
        Self { text, place, lines }
    }

    /// A text that is quoted or folded, whose lines are not those of the file.
    pub fn of_quoted(text: String, place: Place) -> Self {
        Self {
            text,
            place,
            lines: Vec::new(),
        }
    }

    /// The span in the file; that of the line, or of the whole value, where characters do not
    /// correspond.
    pub fn in_file(&self, span: Span) -> Span {
        let (Some(start), Some(end)) = (self.line(span.start), self.line(span.end)) else {
            return self.place.span;
        };
        if start.is_changed || end.is_changed {
            return start.file.to(end.file);
        }
        Span {
            start: start.offset(span.start),
            end: end.offset(span.end).max(start.offset(span.start)),
        }
    }

    /// The span in the file of a text that can be replaced there, and the indentation of further
    /// lines; `None` where characters do not correspond.
    pub fn editable(&self, span: Span, file: &str) -> Option<(Span, String)> {
        let (start, end) = (self.line(span.start)?, self.line(span.end)?);
        if start.is_changed || end.is_changed {
            return None;
        }
        let first = self.lines.iter().find(|line| !line.file.is_empty())?;
        let before = &file[..first.file.start];
        let indent = &before[before.rfind('\n').map_or(0, |at| at + 1)..];
        Some((self.in_file(span), indent.to_owned()))
    }

    fn line(&self, offset: usize) -> Option<&Line> {
        let after = self.lines.partition_point(|line| line.start <= offset);
        self.lines.get(after.checked_sub(1)?)
    }
}

impl Line {
    fn offset(&self, offset: usize) -> usize {
        (self.file.start + offset - self.start).min(self.file.end + 1)
    }
}

fn lines(text: &str, place: Place, file: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    let Some(mut at) = first_line(text, place, file) else {
        return lines;
    };
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let content = line.trim_end_matches(['\n', '\r']);
        let end = file[at..]
            .find('\n')
            .map_or(file.len(), |length| at + length);
        let original = file[at..end].trim_end_matches('\r');
        // The indentation of the block is not part of the text.
        let is_changed = !original.ends_with(content);
        let indent = if is_changed {
            original.len() - original.trim_start().len()
        } else {
            original.len() - content.len()
        };
        lines.push(Line {
            start,
            file: Span::new(at + indent, at + original.len()),
            is_changed,
        });
        start += line.len();
        if end == file.len() {
            break;
        }
        at = end + 1;
    }
    // The end of the text is at the end of its last line.
    if text.ends_with('\n')
        && let Some(last) = lines.last().copied()
    {
        lines.push(Line {
            start,
            file: Span::at((last.file.end + 1).min(file.len())),
            is_changed: last.is_changed,
        });
    }
    lines
}

/// The start of the line of the file that holds the first line of the text.
fn first_line(text: &str, place: Place, file: &str) -> Option<usize> {
    let value = file.get(place.span.range())?;
    // The value starts with its marker, or, without one, with its first line.
    let is_marked = value.starts_with(['|', '<']);
    if is_marked || !text.starts_with('\n') && value.trim_start_matches(' ').starts_with('\n') {
        return Some(place.span.start + value.find('\n')? + 1);
    }
    let before = file[..place.span.start].rfind('\n').map_or(0, |at| at + 1);
    Some(before)
}
