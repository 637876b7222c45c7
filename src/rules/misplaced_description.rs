//! `misplaced-description`: a comment above ARG or FROM is not its description.

use crate::dockerfile::{Body, Comment, Kind};
use crate::lint::facts::Step;
use crate::lint::{DockerfileContext, Edit, Findings, Fix, Rule};

pub(super) const RULE: Rule = Rule {
    name: "misplaced-description",
    page: include_str!("../../rules/lint/misplaced-description.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

/// Prefixes of comments that are meant for a program.
const PRAGMAS: [&str; 12] = [
    "jettison",
    "hadolint",
    "check=",
    "shellcheck",
    "trivy:",
    "checkov:",
    "kics-scan",
    "nosemgrep",
    "renovate",
    "tally",
    "dockerfilelint",
    "syntax=",
];

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for step in cx.facts.steps.iter().filter(|step| !step.onbuild) {
        // An ARG can declare several variables, and the comment may start with any of them.
        let keys = defined(cx, step);
        let Some(first) = keys.first() else { continue };
        let Some(comment) = comment_above(cx, step) else {
            continue;
        };
        let first_word = comment.text.split(' ').next().unwrap_or_default();
        let is_pragma = PRAGMAS
            .iter()
            .any(|pragma| comment.text.starts_with(pragma));
        // BuildKit treats the comment as a description only if its first word is the name.
        if comment.text.is_empty() || is_pragma || keys.iter().any(|key| key == first_word) {
            continue;
        }
        // An empty line would separate the comment for readers too.
        let edit = Edit::insert(line_start(cx, step), format!("#{}", cx.line_break()));
        let message = format!("comment describes `{first}` but does not start with that name");
        findings.add(comment.span, message).fix(Fix::safe(
            "end the comment with an empty comment line",
            [edit],
        ));
    }
}

/// The names that an instruction defines: arguments or a stage.
fn defined(cx: &DockerfileContext<'_>, step: &Step<'_>) -> Vec<String> {
    match (&step.instruction.body, step.kind()) {
        (Body::Pairs(pairs), Kind::Arg) => pairs
            .iter()
            .map(|pair| pair.key.text.as_str().to_owned())
            .collect(),
        (Body::From { .. }, Kind::From) => {
            let alias = step.stage.and_then(|stage| cx.facts.stages[stage].alias);
            alias
                // BuildKit lists stages in lowercase.
                .map(|alias| alias.text.as_str().to_ascii_lowercase())
                .into_iter()
                .collect()
        }
        _ => Vec::new(),
    }
}

/// The start of the line on which an instruction is.
fn line_start(cx: &DockerfileContext<'_>, step: &Step<'_>) -> usize {
    cx.source.line_span(cx.source.line(step.span.start)).start
}

/// The comment on the line before the instruction.
fn comment_above<'a>(cx: &DockerfileContext<'a>, step: &Step<'_>) -> Option<&'a Comment> {
    let comments = &cx.dockerfile.comments;
    let before = comments.partition_point(|comment| comment.span.start < step.span.start);
    // An empty line in between separates the two.
    let comment = &comments[before.checked_sub(1)?];
    if cx.source.line(comment.span.start) + 1 != cx.source.line(step.span.start) {
        return None;
    }
    Some(comment)
}
