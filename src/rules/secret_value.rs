//! `secret-value`: a text in the file has the shape of a key or a token.

use crate::lint::facts::secrets;
use crate::lint::{Context, Findings, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "secret-value",
    page: include_str!("../../rules/lint/secret-value.md"),
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for instruction in &cx.dockerfile.instructions {
        for secret in secrets::find(cx.source.slice(instruction.span)) {
            let start = instruction.span.start;
            let span = Span::new(start + secret.start, start + secret.end);
            findings.add(span, format!("{} stands in the file", secret.what));
        }
    }
}
