//! `copy-owned-by-root`: files that are copied after USER belong to root.

use super::support::steps::{is_on_windows, of_kind};
use crate::dockerfile::{Body, Kind};
use crate::lint::facts::{Step, User};
use crate::lint::{Applicability, DockerfileContext, Edit, Findings, Fix, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "copy-owned-by-root",
    page: include_str!("../../rules/lint/copy-owned-by-root.md"),
    dockerfile: Some(check),
    image: None,
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
        let finding = findings
            .add(
                keyword.span,
                format!("the files belong to root, so `{name}` cannot change them"),
            )
            .label(user.span, "user set here");
        if name.bytes().all(is_plain) {
            let edit = Edit {
                span: Span::at(keyword.span.end),
                replacement: format!(" --chown={name}"),
            };
            finding.fix(Fix::new(
                format!("add `--chown={name}`"),
                Applicability::Unsafe,
                vec![edit],
            ));
        }
    }
}

/// The name of a user that cannot change files owned by root.
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

/// Whether a byte has no special meaning in the value of a flag.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_-.:".contains(&byte)
}
