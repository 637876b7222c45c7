//! Users that a build creates and nothing uses.

use std::collections::BTreeSet;

use super::rewrite::line_after;
use super::selection::is_selected;
use crate::dockerfile::Kind;
use crate::lint::facts::{Call, Stage};
use crate::lint::{DockerfileContext, Edit};
use crate::rules::registry;
use crate::source::Span;

/// The number of users for which the rest of the file is searched. Without a limit, a file of many
/// users would take quadratic time.
const MOST_USERS: usize = 50;

/// A user that is created in the stages of an image.
pub(in crate::rules) struct UnusedUser<'a> {
    pub(in crate::rules) name: &'a str,
    /// The call that creates it.
    pub(in crate::rules) span: Span,
}

/// The users that a stage, or one that it is built on, creates and that the rest of the file does
/// not mention.
pub(in crate::rules) fn find<'a>(
    cx: &DockerfileContext<'a>,
    stage: &Stage<'_>,
) -> Vec<UnusedUser<'a>> {
    let lineage: BTreeSet<usize> = cx
        .facts
        .ancestry(stage.index)
        .map(|stage| stage.index)
        .collect();
    // Users of builder stages are not in the image.
    let runs = cx.facts.runs().iter().filter(|run| {
        let step = &cx.facts.steps[run.step];
        !step.onbuild && step.stage.is_some_and(|stage| lineage.contains(&stage))
    });
    let calls = runs
        .flat_map(|run| &run.calls)
        .filter(|call| matches!(call.name.as_str(), "useradd" | "adduser"));
    let mut unused = Vec::new();
    for call in calls.take(MOST_USERS) {
        if let Some(name) = created_user(call)
            && !is_named_later(cx, name, call)
        {
            unused.push(UnusedUser {
                name,
                span: call.span,
            });
        }
    }
    unused
}

/// Whether another selected rule would report a USER with the name of such a user.
pub(in crate::rules) fn is_opposed(cx: &DockerfileContext<'_>) -> bool {
    let Some(page) = registry().get("user-never-used") else {
        return false;
    };
    page.no_fix_with.iter().any(|name| is_selected(cx, name))
}

/// The name of the user that a call creates: the last word of `useradd` and `adduser`.
fn created_user(call: &Call) -> Option<&str> {
    let last = call.arguments.last()?.single()?;
    if last.starts_with('-') {
        return None;
    }
    Some(last)
}

/// Whether the rest of the file contains the name of a user: in a setting, a `chown`, a `su`.
fn is_named_later(cx: &DockerfileContext<'_>, name: &str, call: &Call) -> bool {
    let rest = cx.source.text().get(call.span.end..).unwrap_or_default();
    // `app` in `application` or in `my-app` is another name.
    rest.match_indices(name).any(|(index, _)| {
        let before = rest[..index].chars().next_back();
        let after = rest[index + name.len()..].chars().next();
        !before.is_some_and(is_name_char) && !after.is_some_and(is_name_char)
    })
}

/// Whether a character can be part of a user name.
fn is_name_char(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '-'
}

/// Inserts a USER after everything that needs root, if the name has no special characters.
pub(in crate::rules) fn user_after_all(
    cx: &DockerfileContext<'_>,
    stage: &Stage<'_>,
    name: &str,
) -> Option<Edit> {
    let is_plain = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
    if !is_plain {
        return None;
    }
    // After the last USER, so that it stays in force.
    let last = cx.facts.steps_of(stage).iter().rfind(|step| {
        !step.onbuild
            && matches!(
                step.kind(),
                Kind::From | Kind::Run | Kind::Copy | Kind::Add | Kind::User | Kind::Workdir
            )
    })?;
    Some(line_after(cx, last, &format!("USER {name}")))
}
