//! The edit that turns a shell form into an exec form.

use crate::dockerfile::Script;
use crate::lint::facts::{exec_form, exec_words};
use crate::lint::{DockerfileContext, Edit};
use crate::source::Span;

/// The exec form of a script on one line, for the title of a fix, and the edit that writes it.
///
/// The edit keeps the lines of the instruction, and the comments between them: they are between
/// words, and JSON also allows line breaks there.
pub(in crate::rules) fn as_exec_form(
    cx: &DockerfileContext<'_>,
    script: &Script,
) -> Option<(String, Edit)> {
    let title = exec_form(script)?;
    let text = &script.text;
    let mut replacement = String::from("[");
    let mut end = None;
    for word in exec_words(script)? {
        let span = text.source_span(word.range.start, word.range.end);
        if let Some(end) = end {
            let between = cx.source.slice(Span::new(end, span.start.max(end)));
            replacement.push(',');
            replacement.push_str(if between.contains('\n') { between } else { " " });
        }
        replacement.push_str(&word.json);
        end = Some(span.end);
    }
    replacement.push(']');
    let span = text.source_span(0, text.as_str().trim_end().len());
    Some((title, Edit::replace(span, replacement)))
}
