//! `file-written-in-run`: a RUN writes a text to a file, which COPY can do with a heredoc.

use super::support::fetched::{calls_only, is_plain};
use crate::dockerfile::Command;
use crate::lint::facts::{Call, Run};
use crate::lint::{Applicability, DockerfileContext, Edit, Findings, Fix, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "file-written-in-run",
    page: include_str!("../../rules/lint/file-written-in-run.md"),
    dockerfile: Some(check),
    image: None,
};

const END: &str = "EOF";

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for run in cx.facts.runs().iter().filter(|run| calls_only(cx, run, 1)) {
        let [call] = &run.calls[..] else { continue };
        let Some((text, path)) = written(cx, run, call) else {
            continue;
        };
        let step = cx.facts.steps[run.step].span;
        let end = cx.line_break();
        let replacement = format!("COPY <<{END} {path}{end}{text}{end}{END}");
        let fix = Fix::new(
            "use `COPY` with a heredoc",
            Applicability::Unsafe,
            vec![Edit {
                span: step,
                replacement,
            }],
        );
        findings
            .add(
                call.span,
                format!("a shell writes `{path}`; `COPY` can do it without one"),
            )
            .fix(fix);
    }
}

/// What `echo TEXT > PATH` writes where, if neither depends on anything.
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
    let words: Vec<&str> = call
        .arguments
        .iter()
        .map(|argument| argument.single())
        .collect::<Option<_>>()?;
    let is_constant = |raw: &str| !raw.contains(['$', '`', '\\']);
    let is_text = call
        .arguments
        .iter()
        .all(|argument| is_constant(&argument.raw))
        && !words.first()?.starts_with('-');
    let after = Span::new(
        call.arguments.last()?.span.end,
        cx.facts.steps[run.step].span.end,
    );
    let path = cx
        .source
        .slice(after)
        .trim()
        .strip_prefix('>')?
        .trim_start();
    let text = words.join(" ");
    let is_ended = text.lines().any(|line| line == END);
    (is_text && !is_ended && path.starts_with('/') && !path.ends_with('/') && is_plain(path))
        .then_some((text, path))
}
