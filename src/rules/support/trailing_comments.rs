//! Comments behind the arguments of an instruction: BuildKit reads them as part of the arguments.

use crate::dockerfile::DIRECTIVES;
use crate::lint::facts::Step;
use crate::lint::{Applicability, DockerfileContext, Edit, Fix};
use crate::source::Span;

/// The text from a `#` behind an argument to the end of the instruction's line.
pub(in crate::rules) fn trailing_comment(
    cx: &DockerfileContext<'_>,
    step: &Step<'_>,
) -> Option<Span> {
    let arguments = &step.instruction.arguments;
    let text = arguments.as_str();
    let start = comment_start(text, cx.dockerfile.escape)?;
    Some(arguments.source_span(start, text.len()))
}

/// The first `#` after a blank that is neither quoted nor escaped.
fn comment_start(text: &str, escape: char) -> Option<usize> {
    let mut quote = None;
    let mut is_after_blank = false;
    let mut chars = text.char_indices();
    while let Some((at, char)) = chars.next() {
        if char == '#' && is_after_blank && quote.is_none() {
            return Some(at);
        }
        is_after_blank = char.is_whitespace();
        // As in a shell, nothing is escaped between single quotes.
        if char == escape && quote != Some('\'') {
            chars.next();
        } else if quote == Some(char) {
            quote = None;
        } else if quote.is_none() && matches!(char, '\'' | '"') {
            quote = Some(char);
        }
    }
    None
}

/// Moves a comment to a line of its own above the instruction.
pub(in crate::rules) fn move_above(
    cx: &DockerfileContext<'_>,
    step: &Step<'_>,
    comment: Span,
) -> Option<Fix> {
    let text = cx.source.slice(comment);
    // A continuation would have to be removed with it, and a directive would be obeyed at the top.
    let key = text.trim_start_matches('#').split('=').next()?.trim();
    let is_directive = DIRECTIVES.iter().any(|name| name.eq_ignore_ascii_case(key));
    if is_directive || text.contains('\n') {
        return None;
    }
    // It opens a heredoc, so the next lines would change their meaning.
    if text.contains("<<") {
        return None;
    }
    let before = &cx.source.text()[..step.span.start];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let indentation = &before[line_start..];
    // A byte order mark, for one, has to stay where it is.
    if !indentation.trim().is_empty() {
        return None;
    }
    let end = cx.source.text()[..comment.start].trim_end().len();
    let line_break = cx.line_break();
    let edits = vec![
        Edit {
            span: Span::at(step.span.start),
            replacement: format!("{text}{line_break}{indentation}"),
        },
        Edit {
            span: Span::new(end, comment.end),
            replacement: String::new(),
        },
    ];
    Some(Fix::new(
        "move the comment to a line of its own",
        Applicability::Unsafe,
        edits,
    ))
}
