//! `long-command-chain`: many commands are joined with `&&` instead of a heredoc.

use crate::dockerfile::{Command, Script, shell};
use crate::lint::facts::{Run, Step, chain};
use crate::lint::{Applicability, DockerfileContext, Edit, Findings, Fix, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "long-command-chain",
    page: include_str!("../../rules/lint/long-command-chain.md"),
    dockerfile: Some(check),
    image: None,
};

/// So many commands are long enough to be read badly.
const LONG: usize = 5;
const END: &str = "EOF";

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for run in cx.facts.runs().iter().filter(|run| run.shell.is_posix()) {
        let step = &cx.facts.steps[run.step];
        let (Command::Shell(script), true) = (run.command, step.instruction.heredocs.is_empty())
        else {
            continue;
        };
        let is_read = run
            .script
            .as_ref()
            .is_some_and(|parsed| parsed.errors.is_empty());
        let Some(pieces) = chain(script).filter(|pieces| pieces.len() >= LONG && is_read) else {
            continue;
        };
        let message = format!(
            "`&&` joins {} commands; a heredoc is easier to read",
            pieces.len()
        );
        let report = findings.add(step.instruction.keyword.span, message);
        let spans: Vec<Span> = pieces
            .iter()
            .map(|piece| script.text.source_span(piece.start, piece.end))
            .collect();
        if let Some(edit) = as_heredoc(cx, run, script, &spans) {
            let applicability = if has_heredocs(cx) {
                Applicability::Safe
            } else {
                Applicability::Unsafe
            };
            report.fix(Fix::new("use a heredoc", applicability, vec![edit]));
        }
    }
}

/// Whether the file is read by a builder that knows heredocs.
fn has_heredocs(cx: &DockerfileContext<'_>) -> bool {
    let by_builder =
        |step: &Step<'_>| !step.instruction.heredocs.is_empty() || step.flag("mount").is_some();
    cx.dockerfile
        .directives
        .iter()
        .any(|directive| directive.name == "syntax")
        || cx.facts.steps.iter().any(by_builder)
}

fn as_heredoc(
    cx: &DockerfileContext<'_>,
    run: &Run<'_>,
    script: &Script,
    commands: &[Span],
) -> Option<Edit> {
    let step = &cx.facts.steps[run.step];
    let span = Span::new(commands.first()?.start, commands.last()?.end);
    // A comment between the lines of an instruction is no part of it, but would be one of the
    // script's.
    let has_comment = cx
        .dockerfile
        .comments
        .iter()
        .any(|comment| span.contains(comment.span));
    let is_whole = script.text.source_offset(0) <= span.start
        && cx
            .source
            .slice(Span::new(span.end, step.span.end))
            .trim()
            .is_empty();
    if has_comment
        || !is_whole
        || step.onbuild
        || cx.dockerfile.escape != '\\'
        || cx.line_break() != "\n"
    {
        return None;
    }
    let texts: Vec<&str> = commands.iter().map(|&span| cx.source.slice(span)).collect();
    let stops = texts.first().is_some_and(|text| sets_errexit(text));
    let is_safe = |line: &str| line.trim() != END && !line.trim().is_empty() && line.trim() != "\\";
    if !texts.iter().flat_map(|text| text.lines()).all(is_safe) {
        return None;
    }
    let end = cx.line_break();
    let lines: Vec<&str> = (!stops)
        .then_some("set -e")
        .into_iter()
        .chain(texts)
        .collect();
    let body = lines.join(end);
    let replacement = format!("<<{END}{end}{body}{end}{END}");
    calls_the_same(run, &body).then(|| Edit {
        span: Span::new(span.start, step.span.end),
        replacement,
    })
}

/// Whether a script that is written anew is read as the same programs with the same arguments.
fn calls_the_same(run: &Run<'_>, script: &str) -> bool {
    let parsed = shell::parse_text(script);
    let is_call = |name: &str| name != "set";
    let new = parsed.calls().filter(|call| is_call(call.name));
    let new = new.map(|call| {
        (
            call.name,
            call.arguments()
                .iter()
                .map(|word| word.raw.as_str())
                .collect::<Vec<_>>(),
        )
    });
    let old = run.calls.iter().filter(|call| is_call(&call.name));
    let old = old.map(|call| {
        (
            call.name.as_str(),
            call.arguments
                .iter()
                .map(|word| word.raw.as_str())
                .collect(),
        )
    });
    parsed.errors.is_empty() && new.eq(old)
}

/// `set -e`, `set -eux`.
fn sets_errexit(command: &str) -> bool {
    let mut words = command.split_whitespace();
    words.next() == Some("set")
        && words.next().is_some_and(|option| {
            option.starts_with('-') && !option.starts_with("--") && option.contains('e')
        })
}
