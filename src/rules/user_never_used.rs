//! `user-never-used`: the build creates a user, but the container runs as root.

use std::collections::BTreeSet;

use super::support::rewrite::line_after;
use super::support::root_by_default::drops_privileges;
use crate::dockerfile::Kind;
use crate::lint::facts::{Call, Run, Stage, User};
use crate::lint::{Applicability, DockerfileContext, Edit, Findings, Fix, Rule};

pub(super) const RULE: Rule = Rule {
    name: "user-never-used",
    page: include_str!("../../rules/lint/user-never-used.md"),
    dockerfile: Some(check),
    image: None,
};

/// For how many users the rest of the file is searched.
const MOST_USERS: usize = 50;

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    let Some(stage) = cx.facts.final_stage() else {
        return;
    };
    let known = stage.known.and_then(|known| known.user.as_deref());
    let user = stage
        .user
        .as_ref()
        .map_or(known, |user| user.name.as_deref());
    if !user.is_some_and(User::is_root) || drops_privileges(cx, stage) {
        return;
    }
    let lineage: BTreeSet<usize> = cx
        .facts
        .ancestry(stage.index)
        .map(|stage| stage.index)
        .collect();
    let shapes_the_image = |run: &&Run<'_>| {
        let step = &cx.facts.steps[run.step];
        !step.onbuild && step.stage.is_some_and(|stage| lineage.contains(&stage))
    };
    let calls = cx
        .facts
        .runs()
        .iter()
        .filter(shapes_the_image)
        .flat_map(|run| &run.calls);
    for call in calls
        .filter(|call| matches!(call.name.as_str(), "useradd" | "adduser"))
        .take(MOST_USERS)
    {
        let Some(name) = added(call).filter(|name| !is_named_later(cx, name, call)) else {
            continue;
        };
        let message = format!("user `{name}` is created, but the container runs as root");
        let report = findings.add(call.span, message);
        if let Some(edit) = user_after_all(cx, stage, name) {
            report.fix(Fix::new(
                format!("add `USER {name}`"),
                Applicability::Unsafe,
                vec![edit],
            ));
        }
    }
}

/// The user's name: the last word of `useradd`, the first operand of `adduser`.
fn added(call: &Call) -> Option<&str> {
    let last = call.arguments.last()?.single()?;
    (!last.starts_with('-')).then_some(last)
}

/// Whether anything else in the file speaks of the user: a program's settings, `chown`, `su`.
fn is_named_later(cx: &DockerfileContext<'_>, name: &str, call: &Call) -> bool {
    let rest = cx.source.text().get(call.span.end..).unwrap_or_default();
    let in_word = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    rest.match_indices(name).any(|(at, _)| {
        let before = rest[..at].chars().next_back().is_some_and(in_word);
        let after = rest[at + name.len()..].chars().next().is_some_and(in_word);
        !before && !after
    })
}

/// A USER after all that is done as root, where the name stands for itself.
pub(super) fn user_after_all(
    cx: &DockerfileContext<'_>,
    stage: &Stage<'_>,
    name: &str,
) -> Option<Edit> {
    let needs_root = |kind| {
        matches!(
            kind,
            Kind::From | Kind::Run | Kind::Copy | Kind::Add | Kind::User | Kind::Workdir
        )
    };
    let last = cx
        .facts
        .steps_of(stage)
        .iter()
        .rfind(|step| !step.onbuild && needs_root(step.kind()))?;
    let is_plain = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
    is_plain.then(|| line_after(cx, last, &format!("USER {name}")))
}
