//! The lines of a source that a finding needs, so that a renderer does not read the whole file for
//! each.

use crate::source::{Source, Span};

/// Whole lines of a source, from the first that any of the spans touches to the last.
pub(super) struct Excerpt<'a> {
    pub(super) text: &'a str,
    /// The number of its first line, from 1.
    pub(super) line: usize,
    start: usize,
}

impl<'a> Excerpt<'a> {
    pub(super) fn new(source: &'a Source, spans: impl Iterator<Item = Span>) -> Self {
        let all = spans.reduce(Span::to).unwrap_or_default();
        let first = source.line(all.start);
        let last = source.line(all.end.max(all.start)).min(source.line_count());
        let start = source.line_span(first).start;
        let end = source.line_span(last.max(first)).end.max(start);
        Self {
            text: source.slice(Span::new(start, end)),
            line: first,
            start,
        }
    }

    /// Where a span of the source is in `text`.
    pub(super) fn range(&self, span: Span) -> std::ops::Range<usize> {
        let clamp = |offset: usize| offset.saturating_sub(self.start).min(self.text.len());
        clamp(span.start)..clamp(span.end)
    }
}
