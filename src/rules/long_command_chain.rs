//! `long-command-chain`: many commands are joined with `&&` instead of a heredoc.

use std::ops::Range;

use crate::dockerfile::{Command, Script, shell};
use crate::lint::facts::packages::Action;
use crate::lint::facts::{Run, chain};
use crate::lint::{Applicability, DockerfileContext, Edit, Findings, Fix, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "long-command-chain",
    page: include_str!("../../rules/lint/long-command-chain.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

/// The smallest number of commands in a chain that is reported.
const LONG: usize = 5;

/// Commands that do not count, like those that clean up after a package manager: they set options
/// for the others, or delete what these leave behind. Fixes of other rules add such commands.
const BESIDE: [&str; 2] = ["set", "rm"];

/// The delimiter of the heredoc.
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
        let Some(pieces) = chain(script) else {
            continue;
        };
        if !is_read || count(run, script, &pieces) < LONG {
            continue;
        }
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

/// The number of commands that count.
fn count(run: &Run<'_>, script: &Script, pieces: &[Range<usize>]) -> usize {
    let mut count = pieces.len();
    for piece in pieces {
        let command = &script.text.as_str()[piece.clone()];
        let name = command.split_whitespace().next().unwrap_or_default();
        if BESIDE.contains(&name) {
            count -= 1;
        }
    }
    let cleaning = run.package_calls();
    let cleaning = cleaning.filter(|call| call.action == Action::Clean);
    count.saturating_sub(cleaning.count())
}

/// Whether the file already depends on a builder that supports heredocs.
fn has_heredocs(cx: &DockerfileContext<'_>) -> bool {
    // With a `syntax` directive, the builder downloads a frontend. Fixes for one that is too old
    // are dropped later.
    let mut directives = cx.dockerfile.directives.iter();
    if directives.any(|directive| directive.name == "syntax") {
        return true;
    }
    cx.facts
        .steps
        .iter()
        .any(|step| !step.instruction.heredocs.is_empty() || step.flag("mount").is_some())
}

/// The script of a RUN as a heredoc, if it consists of exactly these commands and has the same
/// meaning there.
fn as_heredoc(
    cx: &DockerfileContext<'_>,
    run: &Run<'_>,
    script: &Script,
    commands: &[Span],
) -> Option<Edit> {
    let step = &cx.facts.steps[run.step];
    let span = Span::new(commands.first()?.start, commands.last()?.end);
    // A comment between the lines of an instruction is not part of it, but would become part of the
    // script, in which a `#` may be inside quotes.
    let comments = &cx.dockerfile.comments;
    let has_comment = comments.iter().any(|comment| span.contains(comment.span));
    let rest = cx.source.slice(Span::new(span.end, step.span.end));
    let is_whole = script.text.source_offset(0) <= span.start && rest.trim().is_empty();
    // Line continuations stay in the script, in which only a `\` before a plain newline is one.
    let has_shell_continuations = cx.dockerfile.escape == '\\' && cx.line_break() == "\n";
    if has_comment || !is_whole || step.onbuild || !has_shell_continuations {
        return None;
    }
    let mut lines: Vec<String> = commands.iter().map(|&span| unindented(cx, span)).collect();
    if lines
        .iter()
        .flat_map(|text| text.lines())
        .any(changes_meaning)
    {
        return None;
    }
    // A chain of `&&` stops at the first failure; a script does so with `set -e`.
    if !sets_errexit(&lines[0]) {
        lines.insert(0, "set -e".to_owned());
    }
    let end = cx.line_break();
    let body = lines.join(end);
    if !has_same_calls(run, &body) {
        return None;
    }
    Some(Edit::replace(
        Span::new(span.start, step.span.end),
        format!("<<{END}{end}{body}{end}{END}"),
    ))
}

/// The text of a command that starts at the beginning of a line, with its other lines as far to the
/// right of it as they were.
fn unindented(cx: &DockerfileContext<'_>, command: Span) -> String {
    let line = cx.source.line_span(cx.source.line(command.start));
    let column = command.start - line.start;
    let indent = blanks(cx.source.slice(line));
    let mut lines = cx.source.slice(command).split_inclusive('\n');
    let mut text = lines.next().unwrap_or_default().to_owned();
    for line in lines {
        let own = blanks(line);
        // Arguments are aligned with those on the first line, or indented more than the line of the
        // command, operator included.
        let removed = if own > column + 1 {
            column
        } else {
            indent.min(own)
        };
        text.push_str(&line[removed..]);
    }
    text
}

/// The number of blanks at the start of a line.
fn blanks(line: &str) -> usize {
    line.len() - line.trim_start_matches([' ', '\t']).len()
}

/// Whether a line means something else in a heredoc: it would end the heredoc, or it is one of the
/// empty lines that the builder drops between continuation lines.
fn changes_meaning(line: &str) -> bool {
    matches!(line.trim(), END | "" | "\\")
}

/// Whether a script runs the same programs with the same arguments as the script of a RUN.
fn has_same_calls(run: &Run<'_>, script: &str) -> bool {
    let parsed = shell::parse_text(script);
    let mut new = Vec::new();
    for call in parsed.calls() {
        let arguments: Vec<&str> = call
            .arguments()
            .iter()
            .map(|word| word.raw.as_str())
            .collect();
        new.push((call.name, arguments));
    }
    let mut old = Vec::new();
    for call in &run.calls {
        let arguments = call.arguments.iter().map(|word| word.raw.as_str());
        old.push((call.name.as_str(), arguments.collect()));
    }
    // The rewrite adds a `set -e`.
    new.retain(|(name, _)| *name != "set");
    old.retain(|(name, _)| *name != "set");
    parsed.errors.is_empty() && new == old
}

/// Whether a command is `set -e`, alone or in a bundle such as `set -eux`.
fn sets_errexit(command: &str) -> bool {
    let mut words = command.split_whitespace();
    words.next() == Some("set")
        && words.next().is_some_and(|option| {
            option.starts_with('-') && !option.starts_with("--") && option.contains('e')
        })
}
