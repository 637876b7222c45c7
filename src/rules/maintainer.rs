//! `maintainer`: MAINTAINER is deprecated.

use crate::dockerfile::{Body, Instruction, Kind};
use crate::lint::{Applicability, DockerfileContext, Edit, Findings, Fix, Rule};

pub(super) const RULE: Rule = Rule {
    name: "maintainer",
    page: include_str!("../../rules/lint/maintainer.md"),
    dockerfile: Some(check),
    image: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for step in cx
        .facts
        .steps
        .iter()
        .filter(|step| step.kind() == Kind::Maintainer)
    {
        let report = findings.add(step.instruction.span, "`MAINTAINER` is deprecated");
        if let Some(fix) = fix(step.instruction) {
            report.fix(fix);
        }
    }
}

fn fix(instruction: &Instruction) -> Option<Fix> {
    let Body::Words { words, .. } = &instruction.body else {
        return None;
    };
    let author = words.first()?.text.as_str().trim();
    let author = author
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or(author);
    if author.contains(['"', '\\', '$', '`']) {
        return None;
    }
    let keyword = if instruction
        .keyword
        .text
        .bytes()
        .any(|b| b.is_ascii_uppercase())
    {
        "LABEL"
    } else {
        "label"
    };
    let replacement = format!("{keyword} org.opencontainers.image.authors=\"{author}\"");
    let edit = Edit {
        span: instruction.span,
        replacement,
    };
    Some(Fix::new(
        "use the label `org.opencontainers.image.authors`",
        Applicability::Safe,
        vec![edit],
    ))
}
