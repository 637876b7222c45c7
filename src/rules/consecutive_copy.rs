//! `consecutive-copy`: consecutive instructions copy to the same directory.

use super::support::consecutive;
use super::support::copies::looks_like_file;
use super::support::layout::WIDTH;
use super::support::lines::are_on_adjacent_lines;
use super::support::rewrite::remove_lines;
use crate::dockerfile::{Body, CopySource};
use crate::lint::facts::Step;
use crate::lint::{DockerfileContext, Edit, Findings, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "consecutive-copy",
    page: include_str!("../../rules/lint/consecutive-copy.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    // Layers of builder stages are not pushed, so their number does not matter.
    let Some(stage) = cx.facts.final_stage() else {
        return;
    };
    let steps = cx.facts.steps_of(stage);
    for group in steps.chunk_by(are_one) {
        // Every step is in a group, and most groups have a single step.
        if let [first, rest @ ..] = group
            && !rest.is_empty()
        {
            let edits = as_one(cx, first, rest);
            consecutive::report(findings, group, "copy to the same directory", edits);
        }
    }
}

/// Whether two steps could be one COPY, or one ADD.
fn are_one(before: &Step<'_>, after: &Step<'_>) -> bool {
    let target = target_directory(before);
    target.is_some()
        && target == target_directory(after)
        && before.kind() == after.kind()
        && !before.onbuild
        && !after.onbuild
        && flags(before).eq(flags(after))
        && before.instruction.heredocs.is_empty()
        && after.instruction.heredocs.is_empty()
}

/// The directory that a step copies files to, without a `/` at its end.
fn target_directory<'a>(step: &Step<'a>) -> Option<&'a str> {
    let Body::Transfer {
        sources,
        destination,
        ..
    } = &step.instruction.body
    else {
        return None;
    };
    // A source without an extension may be a directory; COPY would copy its contents.
    for source in sources {
        match source {
            CopySource::Path(word) if looks_like_file(word.text.as_str()) => {}
            CopySource::Path(_) | CopySource::Heredoc(_) => return None,
        }
    }
    Some(destination.text.as_str().trim_end_matches('/'))
}

/// The names and values of the flags of a step.
fn flags<'s>(step: &'s Step<'_>) -> impl Iterator<Item = (&'s str, Option<&'s str>)> {
    step.instruction.flags.iter().map(|flag| {
        (
            flag.name.as_str(),
            flag.value.as_ref().map(|value| value.text.as_str()),
        )
    })
}

/// Moves all sources into the first instruction; `None` if the destination may be a file, or if
/// there is text between the instructions.
fn as_one(cx: &DockerfileContext<'_>, first: &Step<'_>, rest: &[Step<'_>]) -> Option<Vec<Edit>> {
    let mut edits = Vec::new();
    let mut before = first;
    let mut sources = String::new();
    let (end, _) = plain_sources(cx, first)?;
    for step in rest {
        let gap = Span::new(before.span.end, step.span.start.max(before.span.end));
        // A comment between them belongs to one of them, and an empty line sets them apart.
        if !cx.source.slice(gap).trim().is_empty() || !are_on_adjacent_lines(cx, before, step) {
            return None;
        }
        // The order of the sources is kept, because later files replace earlier ones with the same
        // name.
        sources.push(' ');
        sources.push_str(plain_sources(cx, step)?.1);
        edits.push(remove_lines(cx, step.span)?);
        before = step;
    }
    // One long line would be harder to read than the lines that it replaces.
    let line = cx.source.line_span(cx.source.line(end));
    if cx.source.slice(line).chars().count() + sources.chars().count() > WIDTH {
        return None;
    }
    edits.push(Edit::insert(end, sources));
    Some(edits)
}

/// The end of a step's sources and their text, if they are on one line and the destination is
/// clearly a directory.
fn plain_sources<'c>(cx: &DockerfileContext<'c>, step: &Step<'_>) -> Option<(usize, &'c str)> {
    let Body::Transfer {
        sources,
        destination,
        json: false,
    } = &step.instruction.body
    else {
        return None;
    };
    let target = destination.text.as_str();
    // With several sources, the builder only accepts a directory.
    if !target.ends_with('/') && !matches!(target, "." | "..") {
        return None;
    }
    let mut all: Option<Span> = None;
    for source in sources {
        let CopySource::Path(word) = source else {
            return None;
        };
        all = Some(all.map_or(word.span, |all| all.to(word.span)));
    }
    let span = all?;
    let text = cx.source.slice(span);
    if text.contains('\n') {
        return None;
    }
    Some((span.end, text))
}
