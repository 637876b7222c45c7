//! `copy-owned-by-root`: files that are copied after USER belong to root.

use crate::dockerfile::{Body, Kind};
use crate::lint::facts::{Known, User};
use crate::lint::{Applicability, DockerfileContext, Edit, Findings, Fix, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "copy-owned-by-root",
    page: include_str!("../../rules/lint/copy-owned-by-root.md"),
    dockerfile: Some(check),
    image: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for step in cx
        .facts
        .steps
        .iter()
        .filter(|step| matches!(step.kind(), Kind::Copy | Kind::Add) && !step.onbuild)
    {
        // With `--chown`, the author has decided on the owner.
        let (Body::Transfer { .. }, None, Some(user)) =
            (&step.instruction.body, step.flag("chown"), &step.user)
        else {
            continue;
        };
        // Windows has neither a root user nor numeric owners.
        let windows = step
            .stage
            .and_then(|stage| cx.facts.stages[stage].known)
            .is_some_and(Known::is_windows);
        let Some(name) = user.name.as_deref() else {
            continue;
        };
        if name.is_empty() || User::is_root(name) {
            continue;
        }
        // `ContainerAdministrator` and `ContainerUser` are users of Windows images.
        if windows || name.to_ascii_lowercase().starts_with("container") {
            continue;
        }
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

/// Whether a byte has no special meaning in the value of a flag.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_-.:".contains(&byte)
}
