//! `end-of-life-base`: the base image no longer gets security fixes.

use crate::lint::facts::{EndOfLife, ImageRef, end_of_life};
use crate::lint::{DockerfileContext, Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "end-of-life-base",
    page: include_str!("../../rules/lint/end-of-life-base.md"),
    dockerfile: Some(check_dockerfile),
    image: Some(check_image),
};

fn check_dockerfile(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for used in cx.facts.images() {
        if let Some(end) = end_of_life(&used.image) {
            findings.add(used.span, message(&end)).note(source(&end));
        }
    }
}

/// The message, which is the same for a Dockerfile and an image.
fn message(EndOfLife { what, day, .. }: &EndOfLife) -> String {
    format!("`{what}` reached end of life on {day}")
}

/// The page with the date, and how old the table is.
fn source(end: &EndOfLife) -> String {
    format!("source: {}, as of {}", end.source, end.checked)
}

fn check_image(cx: &ImageContext<'_>, findings: &mut Findings) {
    let distribution = &cx.packages.distribution;
    // Rolling releases have no version and never reach the end of life.
    if distribution.id.is_empty() || distribution.version_id.is_empty() {
        return;
    }
    // Some distributions have a different name in `/etc/os-release` than their base image.
    let name = match distribution.id.as_str() {
        "amzn" => "amazonlinux",
        "ol" => "oraclelinux",
        "opensuse-leap" => "opensuse/leap",
        other => other,
    };
    let image = ImageRef::parse(&format!("{name}:{}", distribution.version_id));
    let (Some(end), Some(file)) = (end_of_life(&image), cx.find("/etc/os-release")) else {
        return;
    };
    let report = findings
        .add(cx.at_file(file), message(&end))
        .note(source(&end));
    if !distribution.pretty_name.is_empty() {
        let name = &distribution.pretty_name;
        report.note(format!(
            "`/etc/os-release` identifies the distribution as {name}"
        ));
    }
}
