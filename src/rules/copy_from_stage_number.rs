//! `copy-from-stage-number`: `COPY --from` refers to a stage by number.

use super::support::steps::copies_from;
use crate::lint::{DockerfileContext, Edit, Findings, Fix, Rule};

pub(super) const RULE: Rule = Rule {
    name: "copy-from-stage-number",
    page: include_str!("../../rules/lint/copy-from-stage-number.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for (step, word, name) in copies_from(cx) {
        if !name.bytes().all(|b| b.is_ascii_digit()) {
            continue;
        }
        let message = format!("stage number `{name}` changes when a stage is inserted before it");
        let report = findings.add(word.span, message);
        // A stage without a name needs one first, which only its author can choose.
        let Some(alias) = cx
            .facts
            .source_stage(step, name)
            .and_then(|stage| stage.alias)
        else {
            continue;
        };
        let alias = alias.text.as_str();
        // If two stages have the same name, it refers to the second one, which may not be this one.
        let stages = cx.facts.stages.iter();
        if stages.filter(|stage| stage.is_named(alias)).count() == 1 {
            let edit = Edit::replace(word.span, alias.to_owned());
            report.fix(Fix::safe(format!("use the name: `{alias}`"), [edit]));
        }
    }
}
