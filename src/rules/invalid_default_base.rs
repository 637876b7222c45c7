//! `invalid-default-base`: FROM is invalid unless `--build-arg` is given.

use crate::lint::facts::{Base, is_image_name};
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "invalid-default-base",
    page: include_str!("../../rules/lint/invalid-default-base.md"),
    dockerfile: Some(check),
    image: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for stage in &cx.facts.stages {
        // What is written without a variable is not for a default to mend.
        if stage.image.literal().is_some() || !matches!(stage.base, Base::Image(_)) {
            continue;
        }
        let Some(name) = cx.facts.expand_default(stage.image) else {
            continue;
        };
        if !is_image_name(&name) {
            let what = if name.is_empty() {
                "nothing".to_owned()
            } else {
                format!("`{name}`")
            };
            let message = format!("`FROM` is {what} unless `--build-arg` is given");
            findings
                .add(stage.image.span, message)
                .note("give the `ARG` a default");
        }
    }
}
