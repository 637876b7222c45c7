//! `invalid-image-name`: the name of an image does not have the form of one.

use super::support::image_names::lasting_fault;
use super::support::steps::copies_from;
use super::support::words::has_syntax_error;
use crate::dockerfile::Word;
use crate::lint::facts::{Base, MountField, Stage, Step, image_name_fault};
use crate::lint::{DockerfileContext, Findings, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "invalid-image-name",
    page: include_str!("../../rules/lint/invalid-image-name.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for stage in &cx.facts.stages {
        check_from(cx, stage, findings);
    }
    for (step, word, name) in copies_from(cx) {
        if is_image(cx, step, name) {
            report_literal(word, name, findings);
        }
    }
    for step in &cx.facts.steps {
        for field in step.mounts.iter().flat_map(|mount| &mount.fields).flatten() {
            check_mount(cx, step, field, findings);
        }
    }
}

fn check_from(cx: &DockerfileContext<'_>, stage: &Stage<'_>, findings: &mut Findings) {
    let word = stage.image;
    // A word with a syntax error is read as it is written.
    if has_syntax_error(cx, word.span) {
        return;
    }
    match (&stage.base, word.literal()) {
        (Base::Stage(at), Some(name)) if name.contains(|char: char| char.is_ascii_uppercase()) => {
            // BuildKit keeps the names of stages in lowercase, and `FROM` is compared as it is.
            let message = format!("`FROM {name}` does not refer to the stage of that name");
            let report = findings
                .add(word.span, message)
                .note("stage names after `FROM` must be lowercase");
            if let Some(alias) = cx.facts.stages[*at].alias {
                report.label(alias.span, "this stage");
            }
        }
        (Base::Image(_), Some(name)) => report_literal(word, name, findings),
        (Base::Image(_), None) => {
            if let Some(reason) = lasting_fault(word) {
                let name = word.text.as_str();
                findings.add(word.span, message(name, reason));
            }
        }
        _ => {}
    }
}

/// Whether a `--from` or `from=` is neither a stage nor the number of one.
fn is_image(cx: &DockerfileContext<'_>, step: &Step<'_>, name: &str) -> bool {
    name.parse::<i64>().is_err()
        && !cx.facts.is_own_stage(step, name)
        && !cx.facts.stages.iter().any(|stage| stage.is_named(name))
}

fn check_mount(
    cx: &DockerfileContext<'_>,
    step: &Step<'_>,
    field: &MountField,
    findings: &mut Findings,
) {
    let Some(name) = &field.value else { return };
    // A variable is an error of its own; a `$` at the end is none.
    let has_variable = name.find('$').is_some_and(|at| at + 1 < name.len());
    if !field.is("from") || name.is_empty() || has_variable {
        return;
    }
    // A mount takes no numbers of stages, but `0` is a valid name too.
    if is_image(cx, step, name)
        && let Some(fault) = image_name_fault(name)
    {
        findings.add(field.value_span, message(name, fault.reason));
    }
}

fn report_literal(word: &Word, name: &str, findings: &mut Findings) {
    let Some(fault) = image_name_fault(name) else {
        return;
    };
    let span: Span = if word.text.as_str() == name {
        word.text.source_span(fault.range.start, fault.range.end)
    } else {
        // With quotes, the places in the text are others.
        word.span
    };
    findings.add(span, message(name, fault.reason));
}

fn message(name: &str, reason: &str) -> String {
    if name.is_empty() {
        return "image name is empty".to_owned();
    }
    format!("invalid image name `{name}`: {reason}")
}
