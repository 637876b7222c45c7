//! `copy-to-relative-path`: a relative `COPY` destination without a `WORKDIR`.

use crate::dockerfile::{Body, Kind, Word, WordPart};
use crate::lint::facts::{Step, is_absolute};
use crate::lint::{Applicability, DockerfileContext, Edit, Findings, Fix, Rule};

pub(super) const RULE: Rule = Rule {
    name: "copy-to-relative-path",
    page: include_str!("../../rules/lint/copy-to-relative-path.md"),
    dockerfile: Some(check),
    image: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    // The stage in which ONBUILD has put off a WORKDIR, before what it puts off later.
    let mut triggered = None;
    for step in &cx.facts.steps {
        if step.onbuild && step.kind() == Kind::Workdir {
            triggered = Some(step.stage);
        }
        let (Body::Transfer { destination, .. }, Kind::Copy) =
            (&step.instruction.body, step.kind())
        else {
            continue;
        };
        let is_set =
            step.workdir.set_by.is_some() || (step.onbuild && triggered == Some(step.stage));
        if is_relative(destination) && !is_set && !is_well_known(step) {
            let written = destination.text.as_str();
            let message = format!("relative destination `{written}` without a `WORKDIR`");
            let report = findings.add(destination.span, message);
            // In a JSON form the quotes are not part of what is written.
            let is_plain = cx.source.slice(destination.span) == written;
            if let Some(replacement) = absolute(step, written).filter(|_| is_plain) {
                let edit = Edit {
                    span: destination.span,
                    replacement,
                };
                report.fix(Fix::new(
                    "use an absolute path, starting from the base image's directory",
                    Applicability::Safe,
                    vec![edit],
                ));
            }
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

/// The same place from the root, where the base image is known to start there and the path says it
/// plainly.
fn absolute(step: &Step<'_>, written: &str) -> Option<String> {
    let starts_at_root = step.workdir.path.as_deref() == Some("/") && !step.onbuild;
    let is_plain = !written.contains(['"', '\'', '\\', '`', '[', ']'])
        && !written.split('/').any(|part| part == "..");
    let path = written
        .strip_prefix("./")
        .unwrap_or(written)
        .trim_start_matches('/');
    (starts_at_root && is_plain).then(|| {
        if path == "." {
            "/".to_owned()
        } else {
            format!("/{path}")
        }
    })
}
