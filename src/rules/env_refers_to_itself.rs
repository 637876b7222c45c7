//! `env-refers-to-itself`: a value uses a variable that the same ENV sets.

use std::collections::HashMap;

use crate::dockerfile::{Body, Kind, Pair, Variable, WordPart};
use crate::lint::{Applicability, DockerfileContext, Edit, Findings, Fix, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "env-refers-to-itself",
    page: include_str!("../../rules/lint/env-refers-to-itself.md"),
    dockerfile: Some(check),
    image: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for step in cx
        .facts
        .steps
        .iter()
        .filter(|step| step.kind() == Kind::Env)
    {
        let Body::Pairs(pairs) = &step.instruction.body else {
            continue;
        };
        let mut first: HashMap<&str, usize> = HashMap::new();
        for (at, pair) in pairs.iter().enumerate() {
            first.entry(pair.key.text.as_str()).or_insert(at);
        }
        for (at, pair) in pairs.iter().enumerate() {
            let uses = |variable: &&Variable| {
                let name = variable.name.as_str();
                first.contains_key(name)
                    && pair.key.text.as_str() != name
                    && !cx.facts.is_declared(step, name)
            };
            let Some(variable) = pair
                .value
                .iter()
                .flat_map(|value| variables(&value.parts))
                .find(uses)
            else {
                continue;
            };
            let message = format!(
                "`{}` is not set yet: this `ENV` sets it for later instructions",
                variable.name
            );
            let report = findings.add(variable.span, message);
            let is_set_before = first
                .get(variable.name.as_str())
                .is_some_and(|set| *set < at);
            if let Some(fix) = is_set_before
                .then(|| fix(cx, &pairs[at - 1], pair, &step.instruction.keyword.text))
                .flatten()
            {
                report.fix(fix);
            }
        }
    }
}

fn variables(parts: &[WordPart]) -> impl Iterator<Item = &Variable> {
    parts.iter().filter_map(|part| match part {
        WordPart::Variable(variable) => Some(variable),
        WordPart::Literal(_) => None,
    })
}

/// The pair and those after it get an ENV of their own.
fn fix(cx: &DockerfileContext<'_>, before: &Pair, pair: &Pair, keyword: &str) -> Option<Fix> {
    let gap = Span::new(before.span.end, pair.span.start);
    let between = cx.source.slice(gap);
    if between
        .chars()
        .any(|c| !c.is_whitespace() && c != cx.dockerfile.escape)
    {
        return None;
    }
    let edit = Edit {
        span: gap,
        replacement: format!("{}{keyword} ", cx.line_break()),
    };
    Some(Fix::new(
        "use a separate `ENV`",
        Applicability::Unsafe,
        vec![edit],
    ))
}
