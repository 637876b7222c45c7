//! `invalid-default-base`: FROM is invalid unless `--build-arg` is given.

use super::support::image_names::lasting_fault;
use crate::lint::facts::{Base, is_image_name};
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "invalid-default-base",
    page: include_str!("../../rules/lint/invalid-default-base.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for stage in &cx.facts.stages {
        // Without a variable, the default of an ARG does not matter.
        if stage.image.literal().is_some() || !matches!(stage.base, Base::Image(_)) {
            continue;
        }
        // With every other value it is invalid too: see `invalid-image-name`.
        if lasting_fault(stage.image).is_some() {
            continue;
        }
        let Some(name) = cx.facts.expand_default(stage.image) else {
            continue;
        };
        if !is_image_name(&name) {
            let message = if name.is_empty() {
                "`FROM` is empty unless `--build-arg` is given".to_owned()
            } else {
                format!("`FROM` has the invalid image name `{name}` unless `--build-arg` is given")
            };
            findings
                .add(stage.image.span, message)
                .note("give the `ARG` a default");
        }
    }
}
