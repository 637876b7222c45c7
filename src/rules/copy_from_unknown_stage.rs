//! `copy-from-unknown-stage`: `COPY --from` refers to an unknown stage.

use crate::dockerfile::Kind;
use crate::lint::facts::is_well_known_image;
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "copy-from-unknown-stage",
    page: include_str!("../../rules/lint/copy-from-unknown-stage.md"),
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
        let Some((word, name)) = step.copied_from() else {
            continue;
        };
        if cx.facts.source_stage(step, name).is_some() || cx.facts.is_own_stage(step, name) {
            continue;
        }
        // With a registry, a tag or a digest it is an image, as is a name that everybody knows:
        // `--from=busybox`.
        if name.contains(['/', ':', '@']) || is_well_known_image(name) {
            continue;
        }
        let below = cx
            .facts
            .stages
            .iter()
            .find(|stage| stage.is_named(name))
            .and_then(|stage| stage.alias);
        match below {
            // The legacy builder runs stages from top to bottom and fails; BuildKit sorts them.
            Some(alias) => findings
                .add(
                    word.span,
                    format!("stage `{name}` is defined later, which only BuildKit supports"),
                )
                .label(alias.span, "defined here"),
            None if name.bytes().all(|b| b.is_ascii_digit()) => findings.add(
                word.span,
                format!("there is no stage {name}; the first stage is 0"),
            ),
            None => findings.add(
                word.span,
                format!("no stage is named `{name}`, so it is treated as an image"),
            ),
        };
    }
}
