//! `untagged-image`: an image has neither tag nor digest.

use crate::lint::facts::Reading;
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "untagged-image",
    page: include_str!("../../rules/lint/untagged-image.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
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
