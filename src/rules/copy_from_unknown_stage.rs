//! `copy-from-unknown-stage`: `COPY --from` refers to an unknown stage.

use super::support::steps::of_kind;
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
    for step in of_kind(cx, &[Kind::Copy]) {
        let Some((word, name)) = step.copied_from() else {
            continue;
        };
        if cx.facts.source_stage(step, name).is_some() || cx.facts.is_own_stage(step, name) {
            continue;
        }
        // A name with a registry, a tag or a digest is an image, and so is a well-known name:
        // `--from=busybox`.
        if name.contains(['/', ':', '@']) || is_well_known_image(name) {
            continue;
        }
        let later = cx.facts.stages.iter().find(|stage| stage.is_named(name));
        let alias = later.and_then(|stage| stage.alias);
        let message = if alias.is_some() {
            // The legacy builder runs stages from top to bottom and fails; BuildKit sorts them by
            // dependency.
            format!("stage `{name}` is defined later, which only BuildKit supports")
        } else if name.bytes().all(|b| b.is_ascii_digit()) {
            format!("there is no stage {name}; the first stage is 0")
        } else {
            format!("no stage is named `{name}`, so it is treated as an image")
        };
        let report = findings.add(word.span, message);
        if let Some(alias) = alias {
            report.label(alias.span, "defined here");
        }
    }
}
