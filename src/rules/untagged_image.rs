//! `untagged-image`: an image has neither tag nor digest.

use super::support::deployed_images::deployed_images;
use crate::lint::facts::Reading;
use crate::lint::{DeploymentContext, DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "untagged-image",
    page: include_str!("../../rules/lint/untagged-image.md"),
    dockerfile: Some(check_dockerfile),
    image: None,
    deployment: Some(check_deployment),
};

fn check_dockerfile(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for used in cx.facts.images() {
        let image = &used.image;
        // A misspelt stage has a rule of its own, `copy-from-unknown-stage`. A digest identifies
        // the image without a tag.
        if !used.is_doubtful && image.tag == Reading::Absent && image.digest == Reading::Absent {
            let name = image.name.as_deref().unwrap_or(&used.written);
            let message = format!("`{name}` has no tag, so `latest` is used");
            findings.add(used.span, message);
        }
    }
}

fn check_deployment(cx: &DeploymentContext<'_>, findings: &mut Findings) {
    for deployed in deployed_images(cx) {
        let image = &deployed.image;
        if image.tag == Reading::Absent && image.digest == Reading::Absent {
            let name = image.name.as_deref().unwrap_or(&deployed.written.value);
            let message = format!("`{name}` has no tag, so `latest` is used");
            findings.add(deployed.written.place, message);
        }
    }
}
