//! Programs that stay in the final stage, reported where they were added.

use std::collections::BTreeMap;

use crate::lint::Findings;
use crate::lint::facts::Holding;
use crate::source::Span;

/// One finding for each line that brought something, told where the image begins.
pub(in crate::rules) fn report(
    from: Span,
    held: &BTreeMap<String, Holding>,
    findings: &mut Findings,
) {
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
