//! Lines of the source file, for rules about layout.

use crate::lint::DockerfileContext;
use crate::lint::facts::Step;
use crate::source::Span;

/// The bodies of all heredocs, in order. They are the text of other files, whose layout may matter.
pub(in crate::rules) fn heredoc_bodies(cx: &DockerfileContext<'_>) -> Vec<Span> {
    cx.facts
        .steps
        .iter()
        .flat_map(|step| step.instruction.heredocs.iter().map(|heredoc| heredoc.body))
        .collect()
}

/// All instructions with their heredocs, in order.
pub(in crate::rules) fn instructions(cx: &DockerfileContext<'_>) -> Vec<Span> {
    cx.facts.steps.iter().map(|step| step.span).collect()
}

/// Whether an offset lies in one of the spans, which are in order.
pub(in crate::rules) fn is_in(spans: &[Span], offset: usize) -> bool {
    // A binary search: these functions are called for every line of the file.
    let next = spans.partition_point(|span| span.start <= offset);
    next.checked_sub(1).is_some_and(|at| offset < spans[at].end)
}

/// The offset at which the script of a RUN starts that is a heredoc, after its `#!` line.
pub(in crate::rules) fn heredoc_start(
    cx: &DockerfileContext<'_>,
    step: &Step<'_>,
    has_shebang: bool,
) -> Option<usize> {
    let [heredoc] = step.instruction.heredocs.as_slice() else {
        return None;
    };
    // Beside a command, a heredoc is the input of that command.
    if step.instruction.arguments.as_str().trim() != cx.source.slice(heredoc.opener) {
        return None;
    }
    // A heredoc that is never closed takes in the rest of the file, so nothing is inserted there.
    if heredoc.end.is_empty() {
        return None;
    }
    let body = cx.source.slice(heredoc.body);
    let first = if has_shebang { body.find('\n')? + 1 } else { 0 };
    Some(heredoc.body.start + first)
}

/// Whether an instruction starts on the line after the one on which another ends.
pub(in crate::rules) fn are_on_adjacent_lines(
    cx: &DockerfileContext<'_>,
    before: &Step<'_>,
    after: &Step<'_>,
) -> bool {
    cx.source.line(before.span.end) + 1 == cx.source.line(after.span.start)
}
