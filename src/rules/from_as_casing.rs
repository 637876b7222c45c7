//! `from-as-casing`: FROM and AS differ in case.

use crate::dockerfile::Instruction;
use crate::lint::{Applicability, DockerfileContext, Edit, Findings, Fix, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "from-as-casing",
    page: include_str!("../../rules/lint/from-as-casing.md"),
    dockerfile: Some(check),
    image: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
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
            let edit = Edit {
                span,
                replacement: replacement.to_owned(),
            };
            let fix = Fix::new(
                format!("use `{replacement}`"),
                Applicability::Safe,
                vec![edit],
            );
            findings
                .add(span, format!("`{text}` and `{from}` differ in case"))
                .fix(fix);
        }
    }
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
