//! `undeclared-arg-in-from`: FROM uses a variable without an ARG before the first FROM.

use std::collections::HashSet;

use crate::dockerfile::{Modifier, Variable, WordPart};
use crate::lint::facts::is_set_by_builder;
use crate::lint::{Applicability, DockerfileContext, Edit, Findings, Fix, Rule};
use crate::suggestion;

pub(super) const RULE: Rule = Rule {
    name: "undeclared-arg-in-from",
    page: include_str!("../../rules/lint/undeclared-arg-in-from.md"),
    dockerfile: Some(check),
    image: None,
};

/// Beyond this many names, or bytes of one, none is suggested.
const MANY: usize = 64;
const LONG: usize = 64;

/// What the builder sets for FROM, as far as it is worth suggesting.
const PLATFORMS: [&str; 8] = [
    "BUILDPLATFORM",
    "BUILDOS",
    "BUILDARCH",
    "BUILDVARIANT",
    "TARGETPLATFORM",
    "TARGETOS",
    "TARGETARCH",
    "TARGETVARIANT",
];

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    let declared: HashSet<&str> = cx
        .facts
        .global_args()
        .map(|pair| pair.key.text.as_str())
        .collect();
    for stage in &cx.facts.stages {
        let platform = stage
            .from
            .flags
            .iter()
            .filter(|flag| flag.name == "platform")
            .filter_map(|flag| flag.value.as_ref());
        let mut variables = Vec::new();
        for word in platform.chain([stage.image]) {
            collect(&word.parts, &mut variables);
        }
        let mut seen = HashSet::new();
        for variable in variables {
            let name = variable.name.as_str();
            if declared.contains(name) || is_set_by_builder(name) || !seen.insert(name) {
                continue;
            }
            let report = findings.add(
                variable.span,
                format!("`{name}` is not declared by an `ARG` before the first `FROM`"),
            );
            if let Some(fix) = fix(variable, nearest(name, &declared)) {
                report.fix(fix);
            }
        }
    }
}

/// All variables of a word, those in the defaults of others too.
fn collect<'w>(parts: &'w [WordPart], variables: &mut Vec<&'w Variable>) {
    for part in parts {
        let WordPart::Variable(variable) = part else {
            continue;
        };
        variables.push(variable);
        if let Some(
            Modifier::Default { word, .. }
            | Modifier::Alternative { word, .. }
            | Modifier::Required { word, .. },
        ) = &variable.modifier
        {
            collect(word, variables);
        }
    }
}

/// The declared name that is nearest, where there are so few names that looking is quick.
fn nearest<'n>(name: &str, declared: &HashSet<&'n str>) -> Option<&'n str> {
    if declared.len() > MANY {
        return None;
    }
    let short = declared.iter().copied().filter(|known| known.len() <= LONG);
    suggestion::closest(name, short.chain(PLATFORMS))
}

fn fix(variable: &Variable, near: Option<&str>) -> Option<Fix> {
    let near = near?;
    let braced = variable.span.end - variable.span.start > 1 + variable.name.len();
    let replacement = if braced {
        format!("${{{near}}}")
    } else {
        format!("${near}")
    };
    let edit = Edit {
        span: variable.span,
        replacement,
    };
    let fix = Fix::new(format!("use `{near}`"), Applicability::Unsafe, vec![edit]);
    variable.modifier.is_none().then_some(fix)
}
