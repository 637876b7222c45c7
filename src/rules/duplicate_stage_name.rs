//! `duplicate-stage-name`: two stages have the same name.

use std::collections::HashMap;

use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "duplicate-stage-name",
    page: include_str!("../../rules/lint/duplicate-stage-name.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    let mut names = HashMap::new();
    for alias in cx.facts.stages.iter().filter_map(|stage| stage.alias) {
        let name = alias.text.as_str();
        // BuildKit compares stage names in lower case.
        if let Some(before) = names.insert(name.to_ascii_lowercase(), alias.span) {
            findings
                .add(alias.span, format!("stage name `{name}` is already used"))
                .label(before, "first used here");
        }
    }
}
