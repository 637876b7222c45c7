//! `from-as-casing`: FROM and AS differ in case.

use crate::dockerfile::Instruction;
use crate::lint::{DockerfileContext, Edit, Findings, Fix, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "from-as-casing",
    page: include_str!("../../rules/lint/from-as-casing.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    let differing = differing(cx);
    let Some((first, rest)) = differing.split_first() else {
        return;
    };
    // One finding for the file: it is one habit, and one fix changes it everywhere.
    let mut edits = Vec::new();
    for keyword in &differing {
        edits.push(Edit::replace(keyword.span, keyword.replacement.to_owned()));
    }
    let title = format!("use `{}`", first.replacement);
    let message = format!("`{}` and `{}` differ in case", first.text, first.from);
    let mut report = findings.add(first.span, message);
    for keyword in rest {
        report = report.label(keyword.span, "also here");
    }
    report.fix(Fix::safe(title, edits));
}

/// An `AS` that is written unlike its `FROM`.
struct Keyword<'a> {
    span: Span,
    text: &'a str,
    /// The `FROM` as written.
    from: &'a str,
    replacement: &'static str,
}

fn differing<'a>(cx: &DockerfileContext<'a>) -> Vec<Keyword<'a>> {
    let mut differing = Vec::new();
    for stage in cx.facts.stages.iter().filter(|stage| stage.alias.is_some()) {
        // FROM determines the style, because every stage has one.
        let from = stage.from.keyword.text.as_str();
        let Some((span, text)) = keyword_as(stage.from) else {
            continue;
        };
        // `From` is reported by `mixed-keyword-casing`.
        let replacement = if from == from.to_ascii_uppercase() {
            "AS"
        } else if from == from.to_ascii_lowercase() {
            "as"
        } else {
            continue;
        };
        if text != replacement {
            differing.push(Keyword {
                span,
                text,
                from,
                replacement,
            });
        }
    }
    differing
}

/// The second word of `image AS name`, with its location.
fn keyword_as(from: &Instruction) -> Option<(Span, &str)> {
    let text = from.arguments.as_str();
    let image = text.find(char::is_whitespace)?;
    let start = image + (text[image..].len() - text[image..].trim_start().len());
    let length = text[start..].find(char::is_whitespace)?;
    Some((
        from.arguments.source_span(start, start + length),
        &text[start..start + length],
    ))
}
