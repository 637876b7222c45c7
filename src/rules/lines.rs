//! Lines of the file as they are written: what the rules on layout share.

use crate::lint::Context;
use crate::source::Span;

/// The bodies of all heredocs, in order. What stands there is text of other files.
pub(super) fn heredoc_bodies(cx: &Context<'_>) -> Vec<Span> {
    cx.facts
        .steps
        .iter()
        .flat_map(|step| step.instruction.heredocs.iter().map(|heredoc| heredoc.body))
        .collect()
}

/// All instructions with their heredocs, in order.
pub(super) fn instructions(cx: &Context<'_>) -> Vec<Span> {
    cx.facts.steps.iter().map(|step| step.span).collect()
}

/// Whether an offset lies in one of the spans, which are in order.
pub(super) fn is_in(spans: &[Span], offset: usize) -> bool {
    let next = spans.partition_point(|span| span.start <= offset);
    next.checked_sub(1).is_some_and(|at| offset < spans[at].end)
}
