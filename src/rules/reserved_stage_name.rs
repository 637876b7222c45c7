//! `reserved-stage-name`: a stage has a reserved name.

use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "reserved-stage-name",
    page: include_str!("../../rules/lint/reserved-stage-name.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for alias in cx.facts.stages.iter().filter_map(|stage| stage.alias) {
        // BuildKit compares stage names in lowercase.
        let name = alias.text.as_str().to_ascii_lowercase();
        let meaning = match name.as_str() {
            "scratch" => "the empty image",
            "context" => "the build context",
            _ => continue,
        };
        let message = format!("stage name `{name}` is reserved: it means {meaning}");
        findings.add(alias.span, message);
    }
}
