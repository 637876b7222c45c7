//! `download-piped-to-shell`: a download is piped to a shell.

use super::support::downloaded_scripts::{self, is_fetch, runs_its_input};
use crate::dockerfile::{ShellScript, SimpleCommand};
use crate::lint::facts::{Call, Run};
use crate::lint::{DockerfileContext, Findings, Rule};
use crate::paths::file_name;
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "download-piped-to-shell",
    page: include_str!("../../rules/lint/download-piped-to-shell.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

/// Maximum number of downloads in a script whose outer command is searched for. Each search goes
/// through the whole script, so the total time is quadratic.
const MOST_FETCHES: usize = 200;

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for run in cx.facts.runs() {
        let Some(script) = &run.script else { continue };
        let mut places = piped(run, script);
        places.extend(substituted(run, script));
        for span in places {
            findings.add(span, "downloaded script is run without verification");
        }
    }
}

/// The locations of interpreters in pipelines such as `curl … | sh`.
fn piped(run: &Run<'_>, script: &ShellScript) -> Vec<Span> {
    let mut places = Vec::new();
    for pipeline in &script.pipelines {
        places.extend(downloaded_scripts::interpreter(run, pipeline));
    }
    places
}

/// The locations of commands that run a substitution: `sh -c "$(curl …)"`, `eval "$(curl …)"`,
/// `bash <(curl …)`.
fn substituted(run: &Run<'_>, script: &ShellScript) -> Vec<Span> {
    let fetches = run.calls.iter().filter(|call| is_fetch(call));
    fetches
        .take(MOST_FETCHES)
        .filter_map(|fetch| outer_command(script, fetch))
        .collect()
}

/// The location of the command around a download, if it runs the downloaded text.
fn outer_command(script: &ShellScript, fetch: &Call) -> Option<Span> {
    // The innermost command around it receives the text, so the search goes backwards.
    let inner = script.commands[fetch.command?].span;
    let command = script
        .commands
        .iter()
        .rfind(|other| other.span.start < inner.start && other.span.contains(inner))?;
    let first = command.words.first()?;
    let name = file_name(first.literal()?);
    let is_run = match name {
        "eval" => true,
        _ if runs_its_input(name) => takes_script(command),
        _ => false,
    };
    if !is_run {
        return None;
    }
    Some(first.span)
}

/// Whether an interpreter gets a script as text, by `-c`, or as a file, by `<(…)`.
fn takes_script(command: &SimpleCommand) -> bool {
    let has_text = command
        .words
        .iter()
        .any(|word| word.literal() == Some("-c"));
    let has_file = command
        .words
        .iter()
        .skip(1)
        .any(|word| word.raw.starts_with("<("));
    has_text || has_file
}
