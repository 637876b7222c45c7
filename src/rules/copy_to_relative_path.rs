//! `copy-to-relative-path`: where a COPY goes, only the base image knows.

use crate::dockerfile::{Body, Kind, Word, WordPart};
use crate::lint::facts::{Step, is_absolute};
use crate::lint::{Context, Findings, Rule};

pub(super) const RULE: Rule =
    Rule { name: "copy-to-relative-path", page: include_str!("../../rules/lint/copy-to-relative-path.md"), check };

fn check(cx: &Context<'_>, findings: &mut Findings) {
    // The stage in which ONBUILD has put off a WORKDIR, before what it puts off later.
    let mut triggered = None;
    for step in &cx.facts.steps {
        if step.onbuild && step.kind() == Kind::Workdir {
            triggered = Some(step.stage);
        }
        let (Body::Transfer { destination, .. }, Kind::Copy) = (&step.instruction.body, step.kind()) else { continue };
        let is_set = step.workdir.set_by.is_some() || (step.onbuild && triggered == Some(step.stage));
        if is_relative(destination) && !is_set && !is_well_known(step) {
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
