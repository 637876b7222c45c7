//! `env-refers-to-itself`: a value uses a variable that the same ENV sets.

use std::collections::HashMap;

use super::support::steps::of_kind;
use crate::dockerfile::{Kind, Pair, Variable, WordPart};
use crate::lint::{DockerfileContext, Edit, Findings, Fix, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "env-refers-to-itself",
    page: include_str!("../../rules/lint/env-refers-to-itself.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for step in of_kind(cx, &[Kind::Env]) {
        let pairs = step.instruction.body.pairs();
        let mut first: HashMap<&str, usize> = HashMap::new();
        for (index, pair) in pairs.iter().enumerate() {
            first.entry(pair.key.text.as_str()).or_insert(index);
        }
        for (index, pair) in pairs.iter().enumerate() {
            let mut variables = pair.value.iter().flat_map(|value| variables(&value.parts));
            // `PATH=/x:$PATH` extends the value of the base image, and a variable that was declared
            // earlier already has a value.
            let Some(variable) = variables.find(|variable| {
                let name = variable.name.as_str();
                first.contains_key(name)
                    && pair.key.text.as_str() != name
                    && !cx.facts.is_declared(step, name)
            }) else {
                continue;
            };
            let message = format!(
                "`{}` is not set yet: this `ENV` sets it for later instructions",
                variable.name
            );
            let report = findings.add(variable.span, message);
            // A separate ENV only helps if the variable is set before this pair.
            let is_set_before = first
                .get(variable.name.as_str())
                .is_some_and(|set| *set < index);
            if is_set_before
                && let Some(fix) = fix(cx, &pairs[index - 1], pair, &step.instruction.keyword.text)
            {
                report.fix(fix);
            }
        }
    }
}

/// The variables in a value.
fn variables(parts: &[WordPart]) -> impl Iterator<Item = &Variable> {
    parts.iter().filter_map(|part| match part {
        WordPart::Variable(variable) => Some(variable),
        WordPart::Literal(_) => None,
    })
}

/// Moves a pair and those after it into a separate ENV.
fn fix(cx: &DockerfileContext<'_>, before: &Pair, pair: &Pair, keyword: &str) -> Option<Fix> {
    let gap = Span::new(before.span.end, pair.span.start);
    let between = cx.source.slice(gap);
    // A comment between the pairs would end up after an instruction.
    if between
        .chars()
        .any(|c| !c.is_whitespace() && c != cx.dockerfile.escape)
    {
        return None;
    }
    let edit = Edit::replace(gap, format!("{}{keyword} ", cx.line_break()));
    Some(Fix::marked_unsafe("use a separate `ENV`", [edit]))
}
