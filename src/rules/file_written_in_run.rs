//! `file-written-in-run`: a RUN writes a text to a file, which COPY can do with a heredoc.

use super::support::run_as_add::{has_only_calls, is_plain};
use crate::dockerfile::Command;
use crate::lint::facts::{Call, Run};
use crate::lint::{DockerfileContext, Edit, Findings, Fix, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "file-written-in-run",
    page: include_str!("../../rules/lint/file-written-in-run.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

/// The delimiter of the heredoc.
const END: &str = "EOF";

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for run in cx.facts.runs() {
        let [call] = &run.calls[..] else { continue };
        if !has_only_calls(cx, run, 1) {
            continue;
        }
        let Some((text, path)) = written(cx, run, call) else {
            continue;
        };
        let step = cx.facts.steps[run.step].span;
        let end = cx.line_break();
        let replacement = format!("COPY <<{END} {path}{end}{text}{end}{END}");
        let fix = Fix::marked_unsafe(
            "use `COPY` with a heredoc",
            [Edit::replace(step, replacement)],
        );
        let message = format!("`{path}` is written by a shell; `COPY` does not need one");
        findings.add(call.span, message).fix(fix);
    }
}

/// The text and the path of `echo TEXT > PATH`, if both are constant.
fn written<'c>(
    cx: &DockerfileContext<'c>,
    run: &Run<'_>,
    call: &Call,
) -> Option<(String, &'c str)> {
    let Command::Shell(script) = run.command else {
        return None;
    };
    let starts = script.text.source_offset(0) == call.name_span.start;
    if call.name != "echo" || !starts || cx.source.slice(call.name_span) != "echo" {
        return None;
    }
    let mut words = Vec::new();
    for argument in &call.arguments {
        // Shells disagree about backslashes in `echo`.
        if argument.raw.contains(['$', '`', '\\']) {
            return None;
        }
        words.push(argument.single()?);
    }
    // An option such as `-n` or `-e` changes the text.
    if words.first()?.starts_with('-') {
        return None;
    }
    let text = words.join(" ");
    // A line like this would end the heredoc early.
    if text.lines().any(|line| line == END) {
        return None;
    }
    Some((text, redirection_target(cx, run, call)?))
}

/// The absolute path of the file that `>` after a call writes.
fn redirection_target<'c>(
    cx: &DockerfileContext<'c>,
    run: &Run<'_>,
    call: &Call,
) -> Option<&'c str> {
    let end = cx.facts.steps[run.step].span.end;
    let rest = Span::new(call.arguments.last()?.span.end, end);
    let path = cx.source.slice(rest).trim().strip_prefix('>')?.trim_start();
    // `>>` and a second redirection are not accepted as a plain path.
    if !path.starts_with('/') || path.ends_with('/') || !is_plain(path) {
        return None;
    }
    Some(path)
}
