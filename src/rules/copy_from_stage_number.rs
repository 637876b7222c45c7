//! `copy-from-stage-number`: `COPY --from` refers to a stage by number.

use crate::dockerfile::Kind;
use crate::lint::{Applicability, DockerfileContext, Edit, Findings, Fix, Rule};

pub(super) const RULE: Rule = Rule {
    name: "copy-from-stage-number",
    page: include_str!("../../rules/lint/copy-from-stage-number.md"),
    dockerfile: Some(check),
    image: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for step in cx
        .facts
        .steps
        .iter()
        .filter(|step| step.kind() == Kind::Copy)
    {
        let Some((word, name)) = step
            .copied_from()
            .filter(|(_, name)| name.bytes().all(|b| b.is_ascii_digit()))
        else {
            continue;
        };
        let report = findings.add(
            word.span,
            format!("stage number `{name}` changes when a stage is inserted before it"),
        );
        let alias = cx
            .facts
            .source_stage(step, name)
            .and_then(|stage| stage.alias)
            .map(|alias| alias.text.as_str());
        // Of two stages of one name, the name means the second.
        let is_unique = |name: &&str| {
            cx.facts
                .stages
                .iter()
                .filter(|stage| stage.is_named(name))
                .count()
                == 1
        };
        if let Some(alias) = alias.filter(is_unique) {
            let edit = Edit {
                span: word.span,
                replacement: alias.to_owned(),
            };
            report.fix(Fix::new(
                format!("use the name: `{alias}`"),
                Applicability::Safe,
                vec![edit],
            ));
        }
    }
}
