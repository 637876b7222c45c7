//! `comment-in-string`: a line of a quoted string starts with `#` and is dropped.

use std::collections::BTreeSet;

use crate::dockerfile::{Comment, Kind, Quotes, ShellPart, ShellScript, ShellWord, SimpleCommand};
use crate::knowledge::ProgramClass;
use crate::lint::facts::Step;
use crate::lint::{DockerfileContext, Findings, Rule};
use crate::paths::file_name;
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "comment-in-string",
    page: include_str!("../../rules/lint/comment-in-string.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    let mut dropped = BTreeSet::new();
    for step in &cx.facts.steps {
        // Most instructions have no comment inside.
        if comments_in(cx, step.instruction.span).is_empty() {
            continue;
        }
        let script = cx.facts.run_of(step).and_then(|run| run.script.as_ref());
        if let Some(script) = script {
            in_script(cx, script, &mut dropped);
        } else if matches!(step.kind(), Kind::Env | Kind::Label | Kind::Arg) {
            in_values(cx, step, &mut dropped);
        }
    }
    for span in dropped {
        findings
            .add(span, "this line in the string is removed as a comment")
            .note("BuildKit removes lines that start with `#`, even inside quotes");
    }
}

/// The comments that start within a span.
fn comments_in<'a>(cx: &DockerfileContext<'a>, span: Span) -> &'a [Comment] {
    let comments = &cx.dockerfile.comments;
    let first = comments.partition_point(|comment| comment.span.start < span.start);
    let after = comments.partition_point(|comment| comment.span.start < span.end);
    &comments[first..after.max(first)]
}

fn in_script(cx: &DockerfileContext<'_>, script: &ShellScript, dropped: &mut BTreeSet<Span>) {
    for (index, command) in script.commands.iter().enumerate() {
        for word in command.assignments.iter().chain(&command.words) {
            if comments_in(cx, word.span).is_empty() || is_program(script, index, command) {
                continue;
            }
            for comment in quoted_comments(cx, word.span) {
                if !is_in_substitution(word, comment) {
                    dropped.insert(comment);
                }
            }
        }
    }
}

/// Whether the arguments of a command are a program, in which a comment has no meaning either.
fn is_program(script: &ShellScript, index: usize, command: &SimpleCommand) -> bool {
    let mut scopes = script.scopes.iter();
    if scopes.any(|scope| scope.started_by == Some(index)) {
        return true;
    }
    command
        .words
        .iter()
        .filter_map(ShellWord::literal)
        .any(|word| {
            let name = file_name(word);
            matches!(name, "awk" | "gawk" | "mawk" | "sed" | "jq" | "eval" | "su")
                || ProgramClass::Interpreter.contains(name)
                || ProgramClass::Shell.contains(name)
        })
}

/// Whether a comment is in a `$(…)` in a word. In that case, the words of the inner commands
/// determine the result.
fn is_in_substitution(word: &ShellWord, comment: Span) -> bool {
    word.parts
        .iter()
        .any(|part| matches!(part, ShellPart::Other(span) if span.contains(comment)))
}

/// The comments in a span at which quotes that open in it are open. The quotes in comments do not
/// count, since these are dropped.
fn quoted_comments(cx: &DockerfileContext<'_>, span: Span) -> Vec<Span> {
    let mut quotes = Quotes::default();
    let mut at = span.start;
    let mut found = Vec::new();
    for comment in comments_in(cx, span) {
        read(cx, Span::new(at, comment.span.start), &mut quotes);
        at = comment.span.end;
        if quotes.are_open() {
            found.push(comment.span);
        }
    }
    found
}

fn read(cx: &DockerfileContext<'_>, span: Span, quotes: &mut Quotes) {
    for char in cx.source.slice(span).chars() {
        quotes.read(char, cx.dockerfile.escape);
    }
}

fn in_values(cx: &DockerfileContext<'_>, step: &Step<'_>, dropped: &mut BTreeSet<Span>) {
    let pairs = step.instruction.body.pairs();
    for value in pairs.iter().filter_map(|pair| pair.value.as_ref()) {
        dropped.extend(quoted_comments(cx, value.span));
    }
}
