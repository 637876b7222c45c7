//! `copy-to-relative-path`: where a COPY goes, only the base image knows.

use crate::dockerfile::{Body, Kind, Word, WordPart};
use crate::lint::facts::{Step, is_absolute};
use crate::lint::{Context, Findings, Rule};

pub(super) const RULE: Rule =
    Rule { name: "copy-to-relative-path", page: include_str!("../../rules/lint/copy-to-relative-path.md"), check };

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for step in cx.facts.steps.iter().filter(|step| step.kind() == Kind::Copy) {
        let Body::Transfer { destination, .. } = &step.instruction.body else { continue };
        if is_relative(destination)
            && step.workdir.set_by.is_none()
            && !is_well_known(step)
            && !follows_trigger(cx, step)
        {
            let written = destination.text.as_str();
            findings.add(destination.span, format!("`{written}` starts from a directory that no `WORKDIR` sets"));
        }
    }
}

/// Neither absolute nor hidden in a variable.
fn is_relative(word: &Word) -> bool {
    let written = word.text.as_str().trim_matches(['"', '\'']);
    !matches!(word.parts.first(), None | Some(WordPart::Variable(_))) && !is_absolute(written)
}

/// A base image that is there to be used from its directory, such as `php` in `/var/www/html`.
fn is_well_known(step: &Step<'_>) -> bool {
    step.workdir.path.as_deref().is_some_and(|path| path != "/")
}

/// An ONBUILD after an `ONBUILD WORKDIR`.
fn follows_trigger(cx: &Context<'_>, step: &Step<'_>) -> bool {
    let before = cx.facts.steps[..step.index].iter().rev().take_while(|other| other.stage == step.stage);
    step.onbuild && before.into_iter().any(|other| other.onbuild && other.kind() == Kind::Workdir)
}
