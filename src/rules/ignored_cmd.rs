//! `ignored-cmd`: a CMD is followed by another one.

use crate::dockerfile::Kind;
use crate::lint::{Applicability, Context, Edit, Findings, Fix, Rule};
use crate::source::Span;

pub(super) const RULE: Rule =
    Rule { name: "ignored-cmd", page: include_str!("../../rules/lint/ignored-cmd.md"), check };

fn check(cx: &Context<'_>, findings: &mut Findings) {
    report(cx, Kind::Cmd, findings);
}

/// Speaks of each instruction of a kind that a later one of the same stage makes void.
pub(super) fn report(cx: &Context<'_>, kind: Kind, findings: &mut Findings) {
    let steps = || cx.facts.steps.iter().filter(move |step| step.kind() == kind && !step.onbuild);
    for (step, next) in steps().zip(steps().skip(1)).filter(|(step, next)| step.stage == next.stage) {
        let name = kind.name();
        let report = findings
            .add(step.instruction.keyword.span, format!("this `{name}` does nothing: another one follows in the stage"))
            .label(next.instruction.keyword.span, "this one holds");
        if let Some(fix) = fix(cx, step.span) {
            report.fix(fix);
        }
    }
}

/// Takes away the lines of the instruction.
fn fix(cx: &Context<'_>, span: Span) -> Option<Fix> {
    let start = cx.source.line_span(cx.source.line(span.start)).start;
    let rest = &cx.source.text()[span.end..];
    let end = span.end + rest.find('\n').map_or(rest.len(), |at| at + 1);
    let own_lines = cx.source.slice(Span::new(start, span.start)).trim().is_empty();
    let edit = Edit { span: Span::new(start, end), replacement: String::new() };
    own_lines.then(|| Fix::new("leave it out", Applicability::Safe, vec![edit]))
}
