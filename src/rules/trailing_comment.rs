//! `trailing-comment`: a comment at the end of a line is part of an argument.

use super::support::steps::of_kind;
use super::support::trailing_comments::{move_above, trailing_comment};
use crate::dockerfile::{Body, COMMENTS_START_LINES, CopySource, Kind};
use crate::lint::facts::Step;
use crate::lint::{DockerfileContext, Findings, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "trailing-comment",
    page: include_str!("../../rules/lint/trailing-comment.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

/// The instructions that accept a comment as arguments. The others have a shell that ignores it, or
/// fail: `syntax-error`, `invalid-port`, `invalid-stopsignal`.
const KINDS: &[Kind] = &[
    Kind::Add,
    Kind::Arg,
    Kind::Copy,
    Kind::Env,
    Kind::Label,
    Kind::User,
    Kind::Volume,
    Kind::Workdir,
];

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for step in of_kind(cx, KINDS) {
        let Some(comment) = accepted_comment(cx, step) else {
            continue;
        };
        let name = step.kind().name();
        let message = format!("comment is part of the `{name}` arguments");
        let report = findings.add(comment, message).note(COMMENTS_START_LINES);
        if is_complete_without(step, comment)
            && let Some(fix) = move_above(cx, step, comment)
        {
            report.fix(fix);
        }
    }
}

/// Whether an instruction has enough arguments before a comment.
fn is_complete_without(step: &Step<'_>, comment: Span) -> bool {
    match &step.instruction.body {
        // One for the source, and one for the destination.
        Body::Transfer { sources, .. } => {
            let second = sources.get(1);
            second.is_some_and(|source| match source {
                CopySource::Path(word) => word.span.start < comment.start,
                CopySource::Heredoc(_) => true,
            })
        }
        _ => true,
    }
}

/// A comment that became an argument.
fn accepted_comment(cx: &DockerfileContext<'_>, step: &Step<'_>) -> Option<Span> {
    let comment = trailing_comment(cx, step)?;
    // `["/data"] # comment` is not JSON any more, which `broken-json-form` reports.
    if step.instruction.arguments.as_str().starts_with('[') {
        return None;
    }
    match &step.instruction.body {
        Body::Words { .. } | Body::Transfer { .. } => Some(comment),
        Body::Pairs(pairs) => {
            for pair in pairs {
                // `ARG A=1 # why` declares `#`. The parser refuses the other pairs of this form.
                if pair.span.start == comment.start {
                    return Some(comment);
                }
                // The old form takes the rest of the line, in which a `#` may be meant.
                let is_prose = cx.source.slice(comment).starts_with("# ");
                if let Some(value) = &pair.value
                    && pair.legacy
                    && is_prose
                    && value.span.start < comment.start
                {
                    return Some(comment);
                }
            }
            None
        }
        _ => None,
    }
}
