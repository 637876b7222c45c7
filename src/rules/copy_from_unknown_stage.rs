//! `copy-from-unknown-stage`: `COPY --from` refers to an unknown stage.

use super::support::steps::copies_from;
use crate::lint::facts::is_well_known_image;
use crate::lint::{DockerfileContext, Findings, Rule, Severity};

pub(super) const RULE: Rule = Rule {
    name: "copy-from-unknown-stage",
    page: include_str!("../../rules/lint/copy-from-unknown-stage.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for (step, word, name) in copies_from(cx) {
        if cx.facts.source_stage(step, name).is_some() || cx.facts.is_own_stage(step, name) {
            continue;
        }
        // A trigger runs in another build, whose stages are not known here.
        if step.onbuild {
            continue;
        }
        // With a registry, a tag or a digest it is an image, as is a name that everybody knows:
        // `--from=busybox`.
        let is_context = cx.settings.contexts.contains(name);
        if is_context || name.contains(['/', ':', '@']) || is_well_known_image(name) {
            continue;
        }
        // Go's `strconv.Atoi` accepts a sign.
        let is_number = name.parse::<i64>().is_ok();
        let later = cx.facts.stages.iter().rfind(|stage| stage.is_named(name));
        let alias = later.and_then(|stage| stage.alias);
        let message = if alias.is_some() {
            // Builders read the stages from top to bottom.
            format!("stage `{name}` is defined later, so `COPY` cannot use it")
        } else if is_number {
            format!("there is no stage {name} before this one; the first stage is 0")
        } else {
            format!("no stage is named `{name}`, so it is treated as an image")
        };
        let mut report = findings.add(word.span, message);
        // These fail at once, but the stages of an ONBUILD are those of a later build.
        if (later.is_some() || is_number) && !step.onbuild {
            report = report.severity(Severity::Error);
        }
        if let Some(alias) = alias {
            report.label(alias.span, "defined here");
        }
    }
}
