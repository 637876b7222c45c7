//! `image-without-digest`: an image is not pinned to a digest.

use crate::lint::facts::Reading;
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "image-without-digest",
    page: include_str!("../../rules/lint/image-without-digest.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for used in cx.facts.images() {
        // A variable without a known value may contain the digest.
        if !used.is_doubtful && used.image.digest == Reading::Absent {
            let message = format!("`{}` is not pinned to a digest", used.written);
            findings.add(used.span, message);
        }
    }
}
