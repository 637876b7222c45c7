//! `package-manager-in-image`: what runs in production can still install software.

use std::collections::BTreeMap;

use crate::lint::facts::Holding;
use crate::lint::{Context, Findings, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "package-manager-in-image",
    page: include_str!("../../rules/lint/package-manager-in-image.md"),
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let Some(stage) = cx.facts.final_stage() else {
        return;
    };
    let Some(holdings) = cx.facts.holdings(stage.index) else {
        return;
    };
    report(stage.from.span, &holdings.managers, findings);
}

/// One finding for each line that brought something, told where the image begins.
pub(super) fn report(from: Span, held: &BTreeMap<String, Holding>, findings: &mut Findings) {
    let mut by_line: BTreeMap<Span, Vec<&str>> = BTreeMap::new();
    for (name, holding) in held {
        by_line.entry(holding.span).or_default().push(name);
    }
    for (span, names) in by_line {
        let verb = if names.len() == 1 { "stays" } else { "stay" };
        let report = findings.add(span, format!("{} {verb} in the image", list(&names)));
        if !from.contains(span) {
            report.label(from, "the image begins here");
        }
    }
}

/// `a`, `b` and `c`, each in backticks.
fn list(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}
