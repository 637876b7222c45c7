//! `consecutive-copy`: consecutive instructions copy to the same directory.

use super::support::copies::looks_like_file;
use super::support::rewrite::without;
use crate::dockerfile::{Body, CopySource};
use crate::lint::facts::Step;
use crate::lint::{Applicability, DockerfileContext, Edit, Findings, Fix, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "consecutive-copy",
    page: include_str!("../../rules/lint/consecutive-copy.md"),
    dockerfile: Some(check),
    image: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    let Some(stage) = cx.facts.final_stage() else {
        return;
    };
    let steps = cx.facts.steps_of(stage);
    for group in steps.chunk_by(are_one) {
        let [first, rest @ ..] = group else { continue };
        if rest.is_empty() {
            continue;
        }
        let keyword = &first.instruction.keyword;
        let message = format!(
            "{} consecutive instructions copy to the same directory; one `{}` is enough",
            group.len(),
            keyword.text
        );
        let mut report = findings.add(keyword.span, message);
        for step in rest {
            report = report.label(step.instruction.keyword.span, "also this one");
        }
        if let Some(edits) = as_one(cx, first, rest) {
            report.fix(Fix::new(
                format!("combine them into one `{}`", keyword.text),
                Applicability::Safe,
                edits,
            ));
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
    let Body::Transfer {
        sources,
        destination,
        ..
    } = &step.instruction.body
    else {
        return None;
    };
    let files = sources.iter().all(
        |source| matches!(source, CopySource::Path(word) if looks_like_file(word.text.as_str())),
    );
    files.then(|| destination.text.as_str().trim_end_matches('/'))
}

fn flags<'s>(step: &'s Step<'_>) -> impl Iterator<Item = (&'s str, Option<&'s str>)> {
    step.instruction.flags.iter().map(|flag| {
        (
            flag.name.as_str(),
            flag.value.as_ref().map(|value| value.text.as_str()),
        )
    })
}

/// The sources of all in the first; not where the place may be a file, or something stands between
/// the instructions.
fn as_one(cx: &DockerfileContext<'_>, first: &Step<'_>, rest: &[Step<'_>]) -> Option<Vec<Edit>> {
    let mut edits = Vec::new();
    let mut before = first;
    let mut sources = String::new();
    let (at, _) = plain_sources(cx, first)?;
    for step in rest {
        let gap = Span::new(before.span.end, step.span.start.max(before.span.end));
        if !cx.source.slice(gap).trim().is_empty() {
            return None;
        }
        sources.push(' ');
        sources.push_str(plain_sources(cx, step)?.1);
        edits.push(without(cx, step.span)?);
        before = step;
    }
    edits.push(Edit {
        span: Span::at(at),
        replacement: sources,
    });
    Some(edits)
}

/// Where the sources of a step end, and their text, where they are on one line and go to what is
/// plainly a folder.
fn plain_sources<'c>(cx: &DockerfileContext<'c>, step: &Step<'_>) -> Option<(usize, &'c str)> {
    let Body::Transfer {
        sources,
        destination,
        json: false,
    } = &step.instruction.body
    else {
        return None;
    };
    let is_folder =
        destination.text.as_str().ends_with('/') || matches!(destination.text.as_str(), "." | "..");
    let spans = sources.iter().map(|source| match source {
        CopySource::Path(word) => Some(word.span),
        CopySource::Heredoc(_) => None,
    });
    let span = spans
        .collect::<Option<Vec<_>>>()?
        .into_iter()
        .reduce(Span::to)?;
    let text = cx.source.slice(span);
    (is_folder && !text.contains('\n')).then_some((span.end, text))
}
