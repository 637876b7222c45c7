//! `commands-in-long-line`: a long line joins several commands.

use super::support::layout::{WIDTH, joint};
use crate::dockerfile::Command;
use crate::lint::facts::chain;
use crate::lint::{DockerfileContext, Edit, Findings, Fix, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "commands-in-long-line",
    page: include_str!("../../rules/lint/commands-in-long-line.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for run in cx.facts.runs().iter().filter(|run| run.shell.is_posix()) {
        let step = &cx.facts.steps[run.step];
        let (Command::Shell(script), true) = (run.command, step.instruction.heredocs.is_empty())
        else {
            continue;
        };
        // Only a list joined by `&&` can be broken anywhere without changing its meaning.
        let Some(commands) = chain(script) else {
            continue;
        };
        let spans: Vec<Span> = commands
            .iter()
            .map(|piece| script.text.source_span(piece.start, piece.end))
            .collect();
        let joints: Vec<Span> = spans
            .windows(2)
            .map(|pair| Span::new(pair[0].end, pair[1].start))
            .collect();
        let long: Vec<Span> = joints
            .into_iter()
            .filter(|joint| is_in_long_line(cx, *joint))
            .collect();
        let Some(first) = long.first() else { continue };
        let replacement = joint(cx, step.span);
        let edits: Vec<Edit> = long
            .iter()
            .map(|&span| Edit::replace(span, replacement.clone()))
            .collect();
        let width = line(cx, first.start).chars().count();
        let message = format!("{width}-column line joins several commands");
        findings
            .add(*first, message)
            .fix(Fix::safe("put each command on its own line", edits));
    }
}

fn is_in_long_line(cx: &DockerfileContext<'_>, joint: Span) -> bool {
    !cx.source.slice(joint).contains('\n') && line(cx, joint.start).chars().nth(WIDTH).is_some()
}

fn line<'c>(cx: &DockerfileContext<'c>, offset: usize) -> &'c str {
    cx.source.slice(cx.source.line_span(cx.source.line(offset)))
}
