//! `stale-base-digest`: the label with the digest of the base image is that of another image.

use super::support::final_image;
use super::support::label_schema::labels;
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "stale-base-digest",
    page: include_str!("../../rules/lint/stale-base-digest.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

/// The label for the digest of the base image, from the OCI image specification.
const LABEL: &str = "org.opencontainers.image.base.digest";

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    let (Some(image), Some(stage)) = (final_image::base(cx), cx.facts.final_stage()) else {
        return;
    };
    let Some(digest) = image.digest.as_str() else {
        return;
    };
    for (step, pair) in labels(cx) {
        let is_of_image = cx.facts.is_in_final_image(step) && !step.onbuild;
        let key = cx.facts.expand(step, &pair.key);
        let value = pair
            .value
            .as_ref()
            .and_then(|value| cx.facts.expand(step, value));
        let (true, Some(LABEL), Some(value)) = (is_of_image, key.as_deref(), value) else {
            continue;
        };
        if value != digest {
            let root = cx.facts.ancestry(stage.index).last().unwrap_or(stage);
            findings
                .add(pair.span, "this is not the digest of the base image")
                .label(root.image.span, "the base image");
        }
    }
}
