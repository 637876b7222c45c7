//! `consecutive-copy`: instructions that follow each other copy to one place.

use crate::dockerfile::{Body, Place};
use crate::lint::facts::Step;
use crate::lint::{Context, Findings, Rule};

pub(super) const RULE: Rule =
    Rule { name: "consecutive-copy", page: include_str!("../../rules/lint/consecutive-copy.md"), check };

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let Some(stage) = cx.facts.final_stage() else { return };
    let steps = cx.facts.steps_of(stage);
    for group in steps.chunk_by(are_one) {
        let [first, rest @ ..] = group else { continue };
        if rest.is_empty() {
            continue;
        }
        let keyword = &first.instruction.keyword;
        let message =
            format!("{} instructions in a row copy to one folder; one `{}` can do it", group.len(), keyword.text);
        let mut report = findings.add(keyword.span, message);
        for step in rest {
            report = report.label(step.instruction.keyword.span, "and this one");
        }
    }
}

/// Whether two steps could be one COPY, or one ADD.
fn are_one(before: &Step<'_>, after: &Step<'_>) -> bool {
    let folder = folder(before);
    folder.is_some()
        && folder == self::folder(after)
        && before.kind() == after.kind()
        && !before.onbuild
        && !after.onbuild
        && flags(before).eq(flags(after))
        && before.instruction.heredocs.is_empty()
        && after.instruction.heredocs.is_empty()
}

/// The folder that a step copies files to, without what a `/` at its end would change.
fn folder<'a>(step: &Step<'a>) -> Option<&'a str> {
    let Body::Transfer { sources, destination, .. } = &step.instruction.body else { return None };
    let files = sources.iter().all(|source| matches!(source, Place::Path(word) if looks_like_file(word.text.as_str())));
    files.then(|| destination.text.as_str().trim_end_matches('/'))
}

/// Whether a path ends in something like `.conf`: of a folder, COPY takes what is in it.
fn looks_like_file(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    name.get(1..).is_some_and(|rest| rest.trim_end_matches('.').contains('.'))
}

fn flags<'s>(step: &'s Step<'_>) -> impl Iterator<Item = (&'s str, Option<&'s str>)> {
    step.instruction.flags.iter().map(|flag| (flag.name.as_str(), flag.value.as_ref().map(|value| value.text.as_str())))
}
