//! `untagged-image`: a base image has neither tag nor digest.

use crate::lint::facts::{Base, Reading};
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "untagged-image",
    page: include_str!("../../rules/lint/untagged-image.md"),
    dockerfile: Some(check),
    image: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for stage in &cx.facts.stages {
        let Base::Image(image) = &stage.base else {
            continue;
        };
        // A digest identifies the image without a tag.
        if image.tag == Reading::Absent && image.digest == Reading::Absent {
            let name = image.name.as_deref().unwrap_or(stage.image.text.as_str());
            findings.add(
                stage.image.span,
                format!("`{name}` has no tag, so `latest` is used"),
            );
        }
    }
}
