//! `misspelled-directive`: a comment at the top was meant for the parser.

use crate::lint::{Applicability, Context, Edit, Findings, Fix, Rule};
use crate::source::Span;

pub(super) const RULE: Rule =
    Rule { name: "misspelled-directive", page: include_str!("../../rules/lint/misspelled-directive.md"), check };

const DIRECTIVES: [&str; 3] = ["check", "escape", "syntax"];

fn check(cx: &Context<'_>, findings: &mut Findings) {
    // The first line that is no directive ends them, so only that one can have been meant as one.
    let start = cx.dockerfile.directives.last().map_or(0, |directive| directive.span.end);
    let Some(comment) = cx.dockerfile.comments.first() else { return };
    let between = cx.source.slice(Span::new(start.min(comment.span.start), comment.span.start));
    let Some((key, value)) = comment.text.split_once('=').filter(|_| between.matches('\n').count() <= 1) else {
        return;
    };
    let key = key.trim();
    let lower = key.to_ascii_lowercase();
    let distances = DIRECTIVES.iter().map(|name| (strsim::damerau_levenshtein(name, &lower), *name));
    let Some((distance @ 1..=2, near)) = distances.min() else { return };
    if value.trim().is_empty() || !key.bytes().all(|b| b.is_ascii_alphabetic()) || distance * 2 >= key.len() {
        return;
    }
    let text = cx.source.slice(comment.span);
    let Some(offset) = text.find(key) else { return };
    let span = Span::new(comment.span.start + offset, comment.span.start + offset + key.len());
    let edit = Edit { span, replacement: near.to_owned() };
    findings.add(span, format!("`{key}` is no directive, so the line is a comment")).fix(Fix::new(
        format!("write `{near}`"),
        Applicability::Unsafe,
        vec![edit],
    ));
}
