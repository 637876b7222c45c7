//! `copy-owned-by-root`: files that are copied after USER belong to root.

use super::support::steps::{first_word, is_on_windows, of_kind};
use crate::dockerfile::{Body, Kind};
use crate::lint::facts::{Step, User};
use crate::lint::{DockerfileContext, Edit, Findings, Fix, Rule};

pub(super) const RULE: Rule = Rule {
    name: "copy-owned-by-root",
    page: include_str!("../../rules/lint/copy-owned-by-root.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for step in of_kind(cx, &[Kind::Copy, Kind::Add]) {
        if step.onbuild {
            continue;
        }
        // With `--chown`, the owner was chosen on purpose.
        let (Body::Transfer { .. }, None, Some(user)) =
            (&step.instruction.body, step.flag("chown"), &step.user)
        else {
            continue;
        };
        let Some(name) = unprivileged_name(cx, step, user) else {
            continue;
        };
        let keyword = &step.instruction.keyword;
        let message = format!("the files are owned by root, so `{name}` cannot change them");
        let finding = findings
            .add(keyword.span, message)
            .label(user.span, "user set here");
        if let Some(written) = written_name(cx, step, user)
            && written.bytes().all(is_plain)
        {
            let edit = Edit::insert(keyword.span.end, format!(" --chown={written}"));
            finding.fix(Fix::marked_unsafe(
                format!("add `--chown={written}`"),
                [edit],
            ));
        }
    }
}

/// The user as USER has it, `${NAME}` included, if that means the same in another instruction.
fn written_name<'c>(cx: &DockerfileContext<'c>, step: &Step<'_>, user: &User) -> Option<&'c str> {
    let index = cx
        .facts
        .steps
        .partition_point(|other| other.span.start < user.span.start);
    let word = first_word(cx.facts.steps.get(index)?)?;
    let written = word.text.as_str();
    let is_same = user.name.is_some() && cx.facts.expand(step, word) == user.name;
    if is_same { Some(written) } else { None }
}

/// The name of a user that cannot change files of root.
fn unprivileged_name<'u>(
    cx: &DockerfileContext<'_>,
    step: &Step<'_>,
    user: &'u User,
) -> Option<&'u str> {
    let name = user.name.as_deref()?;
    if name.is_empty() || User::is_root(name) {
        return None;
    }
    // Windows has neither a root user nor numeric owners. `ContainerAdministrator` and
    // `ContainerUser` are the users of Windows images.
    if is_on_windows(cx, step) || name.to_ascii_lowercase().starts_with("container") {
        return None;
    }
    Some(name)
}

/// Whether a byte has no special meaning in the value of a flag, except for that of a variable.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_-.:${}".contains(&byte)
}
