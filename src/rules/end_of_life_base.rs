//! `end-of-life-base`: the base image no longer gets security fixes.

use std::collections::{BTreeMap, BTreeSet};

use crate::knowledge::software;
use crate::lint::facts::{EndOfLife, ImageRef, end_of_life};
use crate::lint::{DockerfileContext, Findings, ImageContext, Rule, Severity};
use crate::packages::Ecosystem;
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "end-of-life-base",
    page: include_str!("../../rules/lint/end-of-life-base.md"),
    dockerfile: Some(check_dockerfile),
    image: Some(check_image),
    deployment: None,
};

fn check_dockerfile(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    let shipped = shipped_stages(cx);
    for release in ended_releases(cx) {
        let Some((first, others)) = release.split_first() else {
            continue;
        };
        let mut report = findings.add(first.span, message(&first.end));
        for other in others {
            report = report.label(other.span, format!("also `{}`", other.end.what));
        }
        report = report.note(source(&first.end));
        // Old compilers and build tools are a risk too, but the image does not contain them.
        let mut stages = release.iter().filter_map(|image| image.stage);
        if !stages.any(|stage| shipped.contains(&stage)) {
            report
                .severity(Severity::Info)
                .note("only build stages use it, so it is not part of the image");
        }
    }
}

/// An image that contains a release which is no longer supported.
struct EndedImage {
    end: EndOfLife,
    span: Span,
    /// The index of the stage that uses it.
    stage: Option<usize>,
}

/// The images for each unsupported release, in file order.
///
/// A release is reported once, however many stages use it, because they are all updated together:
/// the SDK of a product with its runtime, `golang:1.20-buster` with `debian:buster`.
fn ended_releases(cx: &DockerfileContext<'_>) -> Vec<Vec<EndedImage>> {
    let mut releases: Vec<Vec<EndedImage>> = Vec::new();
    let mut known = BTreeMap::new();
    for used in cx.facts.images() {
        let Some(end) = end_of_life(&used.image) else {
            continue;
        };
        // Releases of a product reach their end of life on different days.
        let index = *known.entry((end.source, end.day)).or_insert(releases.len());
        if index == releases.len() {
            releases.push(Vec::new());
        }
        releases[index].push(EndedImage {
            end,
            span: used.span,
            stage: used.stage,
        });
    }
    releases
}

/// The indices of the final stage and the stages that it is built on.
fn shipped_stages(cx: &DockerfileContext<'_>) -> BTreeSet<usize> {
    let Some(last) = cx.facts.final_stage() else {
        return BTreeSet::new();
    };
    let stages = cx.facts.ancestry(last.index);
    stages.map(|stage| stage.index).collect()
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
    check_distribution(cx, findings);
    check_software(cx, findings);
}

/// Reports programs that were installed without a package manager. The packages of a distribution
/// get fixes for as long as the distribution does.
fn check_software(cx: &ImageContext<'_>, findings: &mut Findings) {
    for package in &cx.packages.list {
        if package.ecosystem != Ecosystem::Software {
            continue;
        }
        let Some(image) = software(&package.name).and_then(|known| known.image.as_ref()) else {
            continue;
        };
        let image = ImageRef::parse(&format!("{image}:{}", release(&package.version)));
        let Some(end) = end_of_life(&image) else {
            continue;
        };
        let path = cx.path(package.record);
        findings
            .add(cx.at_file(package.record), message(&end))
            .note(source(&end))
            .note(format!(
                "`{path}` is of {} {}",
                package.name, package.version
            ));
    }
}

/// A version as the tags of images have it: Java's eighth is not `1.8`.
fn release(version: &str) -> &str {
    version.strip_prefix("1.").map_or(version, |rest| {
        if rest.starts_with("8.0_") {
            rest
        } else {
            version
        }
    })
}

fn check_distribution(cx: &ImageContext<'_>, findings: &mut Findings) {
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
