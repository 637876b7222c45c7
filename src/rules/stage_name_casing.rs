//! `stage-name-casing`: the name of a stage is not lowercase.

use crate::lint::{DockerfileContext, Edit, Findings, Fix, Rule};

pub(super) const RULE: Rule = Rule {
    name: "stage-name-casing",
    page: include_str!("../../rules/lint/stage-name-casing.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for alias in cx.facts.stages.iter().filter_map(|stage| stage.alias) {
        let name = alias.text.as_str();
        let replacement = name.to_ascii_lowercase();
        if name != replacement {
            let title = format!("use `{replacement}`");
            // The builder ignores the case of stage names, so references to it stay valid.
            let fix = Fix::safe(title, [Edit::replace(alias.span, replacement)]);
            findings
                .add(alias.span, format!("stage name `{name}` is not lowercase"))
                .fix(fix);
        }
    }
}
