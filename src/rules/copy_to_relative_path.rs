//! `copy-to-relative-path`: a relative `COPY` destination without a `WORKDIR`.

use super::support::steps::is_on_windows;
use super::support::trailing_comments::trailing_comment;
use crate::dockerfile::{Kind, Word, WordPart};
use crate::lint::facts::{Step, is_absolute};
use crate::lint::{DockerfileContext, Edit, Findings, Fix, Rule};

pub(super) const RULE: Rule = Rule {
    name: "copy-to-relative-path",
    page: include_str!("../../rules/lint/copy-to-relative-path.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    // The stage with an `ONBUILD WORKDIR`: it runs before the ONBUILD instructions that follow it.
    let mut triggered = None;
    for step in &cx.facts.steps {
        if step.onbuild && step.kind() == Kind::Workdir {
            triggered = Some(step.stage);
        }
        let (Some(destination), Kind::Copy) = (step.instruction.body.destination(), step.kind())
        else {
            continue;
        };
        // The last word of a comment is not meant as the destination: see `trailing-comment`.
        if trailing_comment(cx, step).is_some() {
            continue;
        }
        // ONBUILD instructions run in another image, with the WORKDIR that ONBUILD sets there.
        let is_set =
            step.workdir.set_by.is_some() || (step.onbuild && triggered == Some(step.stage));
        if is_relative(destination) && !is_set && !is_well_known(cx, step) {
            let written = destination.text.as_str();
            let message = format!("relative destination `{written}` without a `WORKDIR`");
            let report = findings.add(destination.span, message);
            // In a JSON form, the span includes the quotes but the text does not.
            let is_plain = cx.source.slice(destination.span) == written;
            if is_plain && let Some(replacement) = absolute(step, written) {
                let edit = Edit::replace(destination.span, replacement);
                report.fix(Fix::safe(
                    "use an absolute path based on the base image's working directory",
                    [edit],
                ));
            }
        }
    }
}

/// Whether a path is relative; one that starts with a variable may be absolute.
fn is_relative(word: &Word) -> bool {
    let written = word.text.as_str().trim_matches(['"', '\'']);
    !matches!(word.parts.first(), None | Some(WordPart::Variable(_))) && !is_absolute(written)
}

/// Whether the base image has a working directory that is meant to be used, such as `/var/www/html`
/// in `php`, or `C:\` in Windows images.
fn is_well_known(cx: &DockerfileContext<'_>, step: &Step<'_>) -> bool {
    let is_own = step.workdir.path.as_deref().is_some_and(|path| path != "/");
    is_own || is_on_windows(cx, step)
}

/// The path relative to the root, if the base image is known to start there and the path is plain.
fn absolute(step: &Step<'_>, written: &str) -> Option<String> {
    let starts_at_root = step.workdir.path.as_deref() == Some("/") && !step.onbuild;
    let is_plain = !written.contains(['"', '\'', '\\', '`', '[', ']'])
        && !written.split('/').any(|part| part == "..");
    if !starts_at_root || !is_plain {
        return None;
    }
    let path = written.strip_prefix("./").unwrap_or(written);
    match path.trim_start_matches('/') {
        "." => Some("/".to_owned()),
        path => Some(format!("/{path}")),
    }
}
