//! `image-without-digest`: a base image is not pinned to a digest.

use crate::lint::facts::{Base, Reading};
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "image-without-digest",
    page: include_str!("../../rules/lint/image-without-digest.md"),
    dockerfile: Some(check),
    image: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for stage in &cx.facts.stages {
        let Base::Image(image) = &stage.base else {
            continue;
        };
        if image.digest == Reading::Absent {
            // A variable without a known value may contain the digest.
            let written = stage.image.text.as_str();
            findings.add(
                stage.image.span,
                format!("`{written}` is not pinned to a digest"),
            );
        }
    }
}
