//! `root-with-volume`: the container writes to a volume as root.

use super::support::root_by_default::{drops_privileges, runs_as_root};
use super::support::trailing_comments::trailing_comment;
use crate::dockerfile::Kind;
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "root-with-volume",
    page: include_str!("../../rules/lint/root-with-volume.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    let Some(stage) = cx.facts.final_stage() else {
        return;
    };
    if !runs_as_root(stage) || drops_privileges(cx, stage) {
        return;
    }
    for step in cx
        .facts
        .lineage(stage.index)
        .filter(|step| step.kind() == Kind::Volume && !step.onbuild)
    {
        let words = step.instruction.body.words();
        let comment = trailing_comment(cx, step);
        for word in words {
            // The words of a comment are volumes, but are not meant: see `trailing-comment`.
            if comment.is_some_and(|comment| comment.contains(word.span)) {
                continue;
            }
            findings.add(
                word.span,
                format!(
                    "root writes to the volume `{}`, which outlives the container",
                    word.text.as_str()
                ),
            );
        }
    }
}
