//! `legacy-key-value`: ENV or LABEL separates key and value with a space.

use super::support::steps::of_kind;
use crate::dockerfile::{Kind, Pair};
use crate::lint::{DockerfileContext, Edit, Findings, Fix, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "legacy-key-value",
    page: include_str!("../../rules/lint/legacy-key-value.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for step in of_kind(cx, &[Kind::Env, Kind::Label]) {
        let pairs = step.instruction.body.pairs();
        for pair in pairs.iter().filter(|pair| pair.legacy) {
            let name = step.kind().name();
            let message = format!(
                "`{name} {} …` uses the legacy form without `=`",
                pair.key.text.as_str()
            );
            let report = findings.add(pair.span, message);
            if let Some(fix) = fix(cx, pair) {
                report.fix(fix);
            }
        }
    }
}

/// Replaces the space with `=` and quotes a value that contains spaces.
fn fix(cx: &DockerfileContext<'_>, pair: &Pair) -> Option<Fix> {
    let value = pair.value.as_ref()?;
    let text = value.text.as_str();
    let blank = Span::new(pair.key.span.end, value.span.start);
    let has_blanks = text.contains(char::is_whitespace);
    // In the legacy form, quotes are ordinary characters; with `=`, a quote in the key would be
    // paired with one in the value.
    if pair.key.text.as_str().contains(['"', '\'', '\\', '`']) {
        return None;
    }
    // A comment between continuation lines is not part of the value and must not become part of it.
    // Adding quotes would change the meaning of existing ones.
    if cx.source.slice(pair.span).contains('#')
        || (has_blanks && text.contains(['"', '\'', '\\', '`']))
    {
        return None;
    }
    // A heredoc is an error here. In quotes it would not be one, but its lines would be.
    if text.contains("<<") {
        return None;
    }
    let quote = if has_blanks { "\"" } else { "" };
    let mut edits = vec![Edit::replace(blank, format!("={quote}"))];
    if has_blanks {
        edits.push(Edit::insert(value.span.end, quote.to_owned()));
    }
    Some(Fix::safe("use `=`", edits))
}
