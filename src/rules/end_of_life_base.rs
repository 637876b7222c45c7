//! `end-of-life-base`: a base image gets no more fixes.

use crate::lint::facts::{Base, ImageRef, end_of_life};
use crate::lint::{DockerfileContext, Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "end-of-life-base",
    page: include_str!("../../rules/lint/end-of-life-base.md"),
    dockerfile: Some(check_dockerfile),
    image: Some(check_image),
};

fn check_dockerfile(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for stage in &cx.facts.stages {
        let Base::Image(image) = &stage.base else {
            continue;
        };
        if let Some(end) = end_of_life(image) {
            let message = format!("`{}` has had no fixes since {}", end.what, end.day);
            findings.add(stage.image.span, message);
        }
    }
}

fn check_image(cx: &ImageContext<'_>, findings: &mut Findings) {
    let distribution = &cx.packages.distribution;
    let name = match distribution.id.as_str() {
        "amzn" => "amazonlinux",
        "opensuse-leap" => "opensuse/leap",
        other => other,
    };
    // Of `3.18.4` the table has `3.18`.
    let ended = end_of_life(&ImageRef::parse(&format!(
        "{name}:{}",
        distribution.version_id
    )));
    if let (Some(end), false) = (ended, name.is_empty() || distribution.version_id.is_empty()) {
        let report = match cx.find("/etc/os-release") {
            Some(file) => findings.add(
                cx.at_file(file),
                format!("`{}` has had no fixes since {}", end.what, end.day),
            ),
            None => return,
        };
        if !distribution.pretty_name.is_empty() {
            report.note(format!("it calls itself {}", distribution.pretty_name));
        }
    }
}
