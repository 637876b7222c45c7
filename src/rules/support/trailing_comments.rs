//! Comments after the arguments of an instruction: BuildKit reads them as part of the arguments.

use super::words::is_array;
use crate::dockerfile::{Body, Command, DIRECTIVES, Kind, Quotes};
use crate::lint::facts::Step;
use crate::lint::{DockerfileContext, Edit, Fix};
use crate::source::Span;

/// The text from a `#` after an argument to the end of the instruction's line.
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
    let mut quotes = Quotes::default();
    let mut is_after_blank = false;
    for (at, char) in text.char_indices() {
        if char == '#' && is_after_blank && !quotes.are_open() {
            return Some(at);
        }
        is_after_blank = char.is_whitespace() && !quotes.is_escaped();
        quotes.read(char, escape);
    }
    None
}

/// Moves a comment to its own line above the instruction.
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
        Edit::insert(step.span.start, format!("{text}{line_break}{indentation}")),
        Edit::remove(Span::new(end, comment.end)),
    ];
    Some(Fix::marked_unsafe(
        "move the comment to its own line",
        edits,
    ))
}

/// The most closing brackets that are tried as the end of an array.
const MAX_BRACKETS: usize = 16;

/// The comment after an array of strings, which makes it text, and whether the array is valid
/// without it.
pub(in crate::rules) fn comment_after_array(step: &Step<'_>) -> Option<(Span, bool)> {
    let joined = match &step.instruction.body {
        Body::Command(Command::Shell(script)) | Body::Healthcheck(Some(Command::Shell(script))) => {
            &script.text
        }
        Body::Words { json: false, .. } if step.kind() == Kind::Volume => {
            &step.instruction.arguments
        }
        Body::Transfer { json: false, .. } => &step.instruction.arguments,
        _ => return None,
    };
    let text = joined.as_str();
    if !is_array(text) {
        return None;
    }
    // A string of the array, or the comment, may contain a bracket too.
    for (bracket, _) in text.match_indices(']').take(MAX_BRACKETS) {
        let (array, rest) = text.split_at(bracket + 1);
        let comment = rest.trim_start();
        if !comment.starts_with('#') || comment.len() == rest.len() {
            continue;
        }
        if let Ok(strings) = serde_json::from_str::<Vec<String>>(array) {
            let start = text.len() - comment.len();
            let span = joined.source_span(start, text.trim_end().len());
            return Some((span, is_valid_array(step.kind(), &strings)));
        }
    }
    None
}

/// Whether an instruction accepts an array. COPY and ADD need two paths, and VOLUME none that are
/// empty.
fn is_valid_array(kind: Kind, strings: &[String]) -> bool {
    if strings.iter().any(|string| string.trim().is_empty()) {
        return false;
    }
    match kind {
        // A path is expanded once more, so a quote in it may be an error.
        Kind::Copy | Kind::Add | Kind::Volume => {
            let is_plain = strings
                .iter()
                .all(|string| !string.contains(['\'', '"', '$', '\\', '`']));
            is_plain && (kind == Kind::Volume || strings.len() > 1)
        }
        _ => true,
    }
}
