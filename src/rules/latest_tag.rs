//! `latest-tag`: an image has the tag `latest`.

use crate::lint::facts::{Base, ImageRef, Reading};
use crate::lint::{DockerfileContext, Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "latest-tag",
    page: include_str!("../../rules/lint/latest-tag.md"),
    dockerfile: Some(check_dockerfile),
    image: Some(check_image),
};

fn check_dockerfile(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for stage in &cx.facts.stages {
        let Base::Image(image) = &stage.base else {
            continue;
        };
        // An image without a tag is reported by `untagged-image`.
        if is_latest(image) {
            let name = image.name.as_deref().unwrap_or("the image");
            findings.add(
                stage.image.span,
                format!("`{name}` is used with the tag `latest`, which changes over time"),
            );
        }
    }
}

/// Whether an image is identified only by the tag `latest`; with a digest, the tag has no effect.
fn is_latest(image: &ImageRef) -> bool {
    image.tag.as_str() == Some("latest") && image.digest == Reading::Absent
}

fn check_image(cx: &ImageContext<'_>, findings: &mut Findings) {
    // The image as it was requested, or, for a file, the name that is stored in it.
    let requested = ["docker://", "docker-daemon:"]
        .iter()
        .find_map(|transport| cx.reference.strip_prefix(transport));
    let Some(name) = requested.or(cx.image.origin.name.as_deref()) else {
        return;
    };
    if is_latest(&ImageRef::parse(name)) {
        findings.add(
            cx.at_instruction("FROM"),
            format!("image is tagged `latest`: `{name}`"),
        );
    }
}
