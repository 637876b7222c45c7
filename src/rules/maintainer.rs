//! `maintainer`: MAINTAINER is deprecated.

use super::support::keywords::in_case_of;
use super::support::steps::of_kind;
use crate::dockerfile::{Instruction, Kind};
use crate::lint::{DockerfileContext, Edit, Findings, Fix, Rule};

pub(super) const RULE: Rule = Rule {
    name: "maintainer",
    page: include_str!("../../rules/lint/maintainer.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for step in of_kind(cx, &[Kind::Maintainer]) {
        let report = findings.add(step.instruction.span, "`MAINTAINER` is deprecated");
        if let Some(fix) = fix(step.instruction) {
            report.fix(fix);
        }
    }
}

/// Replaces the instruction with the label that OCI defines for the same purpose.
fn fix(instruction: &Instruction) -> Option<Fix> {
    let words = instruction.body.words();
    let author = words.first()?.text.as_str().trim();
    // In MAINTAINER, quotes around the whole line are part of the name, although not intended.
    let author = author
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or(author);
    // In a label, these characters have a special meaning; in MAINTAINER, the line is used
    // literally.
    if author.contains(['"', '\\', '$', '`']) {
        return None;
    }
    let keyword = in_case_of(instruction, "LABEL");
    let replacement = format!("{keyword} org.opencontainers.image.authors=\"{author}\"");
    let edit = Edit::replace(instruction.span, replacement);
    Some(Fix::safe(
        "use the label `org.opencontainers.image.authors`",
        [edit],
    ))
}
