//! `broken-json-form`: a malformed exec form is run as text by a shell.

use super::support::trailing_comments::{comment_after_array, move_above};
use super::support::words::is_array;
use crate::dockerfile::{Body, COMMENTS_START_LINES, Command, CopySource, Kind, Word};
use crate::lint::facts::Step;
use crate::lint::{DockerfileContext, Edit, Findings, Fix, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "broken-json-form",
    page: include_str!("../../rules/lint/broken-json-form.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for step in &cx.facts.steps {
        if let Some((comment, is_valid)) = comment_after_array(step) {
            let fix = if is_valid {
                move_above(cx, step, comment)
            } else {
                None
            };
            report_comment(step, comment, fix, findings);
            continue;
        }
        if let Some(word) = unsupported_array(step) {
            report_unsupported(step, word, findings);
            continue;
        }
        let Some((text, span)) =
            text_of(step).filter(|(text, _)| looks_like_json(text, step.kind()))
        else {
            continue;
        };
        let report = findings.add(
            span,
            format!(
                "malformed exec-form JSON: `{}` treats it as text",
                step.kind().name()
            ),
        );
        if let Some(replacement) = as_json(&text) {
            let title = format!("write it as JSON: `{replacement}`");
            report.fix(Fix::marked_unsafe(
                title,
                [Edit::replace(span, replacement)],
            ));
        }
    }
}

fn report_comment(step: &Step<'_>, comment: Span, fix: Option<Fix>, findings: &mut Findings) {
    let name = step.kind().name();
    let message = format!("because of this comment, `{name}` treats the JSON array as text");
    let report = findings.add(comment, message).note(COMMENTS_START_LINES);
    if let Some(fix) = fix {
        report.fix(fix);
    }
}

/// The argument of an instruction without a JSON form that is written as an array. `EXPOSE` and
/// `STOPSIGNAL` fail with one, which other rules report.
fn unsupported_array<'a>(step: &Step<'a>) -> Option<&'a Word> {
    match (&step.instruction.body, step.kind()) {
        (Body::Words { words, .. }, Kind::User | Kind::Workdir) => {
            let word = words.first()?;
            if is_array(word.text.as_str()) {
                Some(word)
            } else {
                None
            }
        }
        _ => None,
    }
}

fn report_unsupported(step: &Step<'_>, word: &Word, findings: &mut Findings) {
    let name = step.kind().name();
    let message = format!("`{name}` has no JSON form: the brackets are part of the value");
    let report = findings.add(word.span, message);
    let Some(value) = only_string(word.text.as_str()) else {
        return;
    };
    let edit = Edit::replace(word.span, value.clone());
    report.fix(Fix::marked_unsafe(format!("use `{value}`"), [edit]));
}

/// The only string of an array, if it means the same without quotes.
fn only_string(array: &str) -> Option<String> {
    let strings: Vec<String> = serde_json::from_str(&array.replace('\'', "\"")).ok()?;
    match strings.as_slice() {
        [value] if is_plain(value) => Some(value.clone()),
        _ => None,
    }
}

fn is_plain(value: &str) -> bool {
    let mut bytes = value.bytes();
    !value.is_empty() && bytes.all(|b| b.is_ascii_alphanumeric() || b"-_./:".contains(&b))
}

/// The text of an instruction that the builder did not read as JSON, with its place.
///
/// BuildKit falls back to the shell form, or to words, if the JSON is malformed. Only the leading
/// `[` shows that the exec form was intended.
fn text_of(step: &Step<'_>) -> Option<(String, Span)> {
    let joined = match &step.instruction.body {
        Body::Command(Command::Shell(script)) | Body::Healthcheck(Some(Command::Shell(script))) => {
            &script.text
        }
        Body::Words { words, json: false } if step.kind() == Kind::Volume => {
            if !words.first()?.text.as_str().starts_with('[') {
                return None;
            }
            &step.instruction.arguments
        }
        Body::Transfer {
            sources,
            json: false,
            ..
        } => {
            let Some(CopySource::Path(first)) = sources.first() else {
                return None;
            };
            // `[a-z].txt` is a pattern, so a quote or a comma must follow the bracket.
            let text = first.text.as_str();
            let is_list = text.ends_with(',') || text.starts_with("[\"") || text.starts_with("['");
            if !text.starts_with('[') || !is_list {
                return None;
            }
            &step.instruction.arguments
        }
        _ => return None,
    };
    let text = joined.as_str().trim_end();
    Some((
        text.trim_start().to_owned(),
        joined.source_span(text.len() - text.trim_start().len(), text.len()),
    ))
}

/// Whether a text was meant as a JSON list, such as `[a, 'b']`. The shell's `[ -f x ]` has a space
/// after its bracket, and no comma.
fn looks_like_json(text: &str, kind: Kind) -> bool {
    let Some(inner) = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    else {
        return false;
    };
    let is_test = inner.starts_with(char::is_whitespace) || inner.starts_with('[');
    // Single quotes and missing quotes are the usual mistakes.
    let quoted = inner.starts_with(['"', '\'']) && !inner.contains("&&");
    let list = inner.contains(',') && !inner.contains([';', '&', '|', '$']);
    // Shell tests are common in these instructions, but unlikely as the program of an image.
    if matches!(kind, Kind::Run | Kind::Healthcheck) {
        !is_test && (quoted || list)
    } else {
        quoted || list || !is_test
    }
}

/// The same list in JSON, if its words are unambiguous.
fn as_json(text: &str) -> Option<String> {
    let inner = text.strip_prefix('[')?.strip_suffix(']')?;
    let mut words = Vec::new();
    for part in inner.trim().trim_end_matches(',').split(',') {
        let part = part.trim();
        let word = ['"', '\'']
            .iter()
            .find_map(|&quote| part.strip_prefix(quote)?.strip_suffix(quote))
            .unwrap_or(part);
        // An unquoted word with spaces may have been meant as several words.
        if word.is_empty()
            || word.contains(['"', '\'', '\\', '[', ']'])
            // JSON does not allow unescaped control characters.
            || word.contains(char::is_control)
            || (word == part && word.contains(char::is_whitespace))
        {
            return None;
        }
        words.push(format!("\"{word}\""));
    }
    Some(format!("[{}]", words.join(", ")))
}
