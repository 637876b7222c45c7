//! `latest-tag`: an image has the tag `latest`.

use super::support::deployed_images::deployed_images;
use crate::image::{Name, Reference};
use crate::lint::facts::{ImageRef, Reading};
use crate::lint::{DeploymentContext, DockerfileContext, Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "latest-tag",
    page: include_str!("../../rules/lint/latest-tag.md"),
    dockerfile: Some(check_dockerfile),
    image: Some(check_image),
    deployment: Some(check_deployment),
};

fn check_dockerfile(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for used in cx.facts.images() {
        // An image without a tag has a rule of its own, `untagged-image`.
        if is_latest(&used.image) {
            let name = used.image.name.as_deref().unwrap_or("the image");
            let message =
                format!("`{name}` is used with the tag `latest`, which changes over time");
            findings.add(used.span, message);
        }
    }
}

fn check_deployment(cx: &DeploymentContext<'_>, findings: &mut Findings) {
    for deployed in deployed_images(cx) {
        if is_latest(&deployed.image) {
            let name = deployed.image.name.as_deref().unwrap_or("the image");
            let message =
                format!("`{name}` is used with the tag `latest`, which changes over time");
            findings.add(deployed.written.place, message);
        }
    }
}

/// Whether an image is identified only by the tag `latest`; with a digest, the tag has no effect.
fn is_latest(image: &ImageRef) -> bool {
    image.tag.as_str() == Some("latest") && image.digest == Reading::Absent
}

fn check_image(cx: &ImageContext<'_>, findings: &mut Findings) {
    let Some(name) = name_of(cx) else {
        return;
    };
    if name.tag() == Some("latest") && name.digest().is_none() {
        let message = format!("image is tagged `latest`: `{name}`");
        findings.add(cx.at_instruction("FROM"), message);
    }
}

/// The name by which the image was requested, or, for a file, the one that is stored in it.
fn name_of(cx: &ImageContext<'_>) -> Option<Name> {
    match cx.reference.parse() {
        Ok(Reference::Registry(name) | Reference::Daemon(name)) => Some(name),
        _ => cx.image.origin.name.as_ref()?.parse().ok(),
    }
}
