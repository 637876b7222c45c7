//! WORKDIR instructions with a relative path.

use super::words::is_array;
use crate::dockerfile::{Kind, Word, WordPart};
use crate::lint::facts::{Step, is_absolute};
use crate::lint::{DockerfileContext, Edit, Fix};
use crate::source::Span;

/// Each WORKDIR whose path is relative, with that path.
pub(in crate::rules) fn relative<'a>(
    cx: &DockerfileContext<'a>,
) -> impl Iterator<Item = (&'a Step<'a>, &'a Word)> {
    let steps = cx
        .facts
        .steps
        .iter()
        .filter(|step| step.kind() == Kind::Workdir && !step.onbuild);
    let paths = steps.filter_map(|step| Some((step, step.instruction.body.words().first()?)));
    paths.filter(move |(step, word)| {
        // `["/app"]` has a rule of its own, `broken-json-form`.
        if is_array(word.text.as_str()) {
            return false;
        }
        if matches!(word.parts.first(), None | Some(WordPart::Variable(_))) {
            // An empty path is `undefined-variable`'s.
            let path = cx.facts.expand(step, word);
            return path.is_some_and(|path| !path.is_empty() && !is_absolute(&path));
        }
        !is_absolute(word.text.as_str().trim_matches(['"', '\'']))
    })
}

/// Writes the path in full, if the previous directory is known.
pub(in crate::rules) fn fix(step: &Step<'_>, literal: Option<&str>, span: Span) -> Option<Fix> {
    // A variable or a quote in the path may expand to something other than its text.
    let path = literal?.trim_start_matches("./");
    let is_plain = path
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"-_./".contains(&b));
    if !is_plain || path.split('/').any(|part| matches!(part, "." | "..")) || path.is_empty() {
        return None;
    }
    let from = step.workdir.path.as_deref()?;
    // On Windows, a path starts with a drive.
    if !from.starts_with('/') {
        return None;
    }
    let replacement = format!("{}/{path}", from.trim_end_matches('/'));
    let title = format!("use the absolute path `{replacement}`");
    Some(Fix::safe(title, [Edit::replace(span, replacement)]))
}
