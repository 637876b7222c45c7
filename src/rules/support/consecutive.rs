//! Consecutive instructions that could be combined into one.

use crate::lint::facts::Step;
use crate::lint::{Edit, Findings, Fix};

/// Reports a group of instructions with the same keyword at the first of them, with the edits that
/// combine them. `what` describes what they do: "set labels".
pub(in crate::rules) fn report(
    findings: &mut Findings,
    group: &[Step<'_>],
    what: &str,
    edits: Option<Vec<Edit>>,
) {
    let [first, rest @ ..] = group else { return };
    let keyword = &first.instruction.keyword;
    let (count, name) = (group.len(), &keyword.text);
    let message = format!("{count} consecutive instructions {what}; one `{name}` is enough");
    let mut report = findings.add(keyword.span, message);
    for step in rest {
        report = report.label(step.instruction.keyword.span, "also this instruction");
    }
    if let Some(edits) = edits {
        report.fix(Fix::safe(format!("combine them into one `{name}`"), edits));
    }
}
