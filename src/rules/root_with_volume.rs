//! `root-with-volume`: the container writes to a volume as root.

use super::support::root_by_default::drops_privileges;
use crate::dockerfile::{Body, Kind};
use crate::lint::facts::User;
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "root-with-volume",
    page: include_str!("../../rules/lint/root-with-volume.md"),
    dockerfile: Some(check),
    image: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    let Some(stage) = cx.facts.final_stage() else {
        return;
    };
    let known = stage.known.and_then(|known| known.user.as_deref());
    // A USER with an unknown value may be anybody, even if the base image runs as root.
    let user = stage
        .user
        .as_ref()
        .map_or(known, |user| user.name.as_deref());
    if !user.is_some_and(User::is_root) || drops_privileges(cx, stage) {
        return;
    }
    for step in cx
        .facts
        .lineage(stage.index)
        .filter(|step| step.kind() == Kind::Volume && !step.onbuild)
    {
        let Body::Words { words, .. } = &step.instruction.body else {
            continue;
        };
        for word in words {
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
