//! `download-piped-to-shell`: a download is piped to a shell.

use crate::dockerfile::{ShellScript, SimpleCommand};
use crate::knowledge::ProgramClass;
use crate::lint::facts::{Call, Run};
use crate::lint::{DockerfileContext, Findings, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "download-piped-to-shell",
    page: include_str!("../../rules/lint/download-piped-to-shell.md"),
    dockerfile: Some(check),
    image: None,
};

/// For how many calls of one script the command around them is searched.
const MOST_FETCHES: usize = 200;

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for run in cx.facts.runs() {
        let Some(script) = &run.script else { continue };
        for span in piped(run, script)
            .into_iter()
            .chain(substituted(run, script))
        {
            findings.add(span, "downloaded script is run without being verified");
        }
    }
}

/// `curl … | sh`: the place of the interpreter.
fn piped(run: &Run<'_>, script: &ShellScript) -> Vec<Span> {
    let mut places = Vec::new();
    for pipeline in &script.pipelines {
        let calls: Vec<&Call> = pipeline
            .stages
            .iter()
            .filter_map(|&at| call_of(run, at))
            .collect();
        let Some(fetch) = calls.iter().position(|call| is_fetch(call)) else {
            continue;
        };
        if let Some(call) = calls[fetch + 1..].iter().find(|call| reads_a_script(call)) {
            places.push(call.name_span);
        }
    }
    places
}

/// The program that a command runs in the end.
fn call_of<'r>(run: &'r Run<'_>, command: usize) -> Option<&'r Call> {
    let at = run
        .calls
        .partition_point(|call| call.command < Some(command));
    run.calls
        .get(at)
        .filter(|call| call.command == Some(command))
}

fn is_fetch(call: &Call) -> bool {
    matches!(call.name.as_str(), "curl" | "wget" | "fetch" | "aria2c")
        && !call.downloads().is_empty()
        || (matches!(call.name.as_str(), "curl" | "wget")
            && call
                .arguments
                .iter()
                .any(|argument| argument.raw.contains('$')))
}

/// Whether an interpreter takes its script from its input: `sh`, `bash -s -- x`, `python
/// -`; not `python script.py`.
fn reads_a_script(call: &Call) -> bool {
    if !runs_its_input(&call.name) {
        return false;
    }
    let mut words = call
        .arguments
        .iter()
        .map(|argument| argument.single().unwrap_or("$"));
    match words.find(|word| !word.starts_with('-') || *word == "-" || is_last_option(word)) {
        None => true,
        Some(word) => {
            word == "-" || word == "/dev/stdin" || (word.contains('s') && is_stdin_option(word))
        }
    }
}

/// An option that decides where the script comes from.
fn is_last_option(word: &str) -> bool {
    is_stdin_option(word) || matches!(word, "-c" | "-e" | "-m" | "-r")
}

/// `-s`, `-xs`, `-es`: the script is the input, and what follows are its arguments.
fn is_stdin_option(word: &str) -> bool {
    word.starts_with('-') && !word.starts_with("--") && word.ends_with('s')
}

/// `sh -c "$(curl …)"`, `eval "$(curl …)"`, `bash <(curl …)`: the place of the outer command.
fn substituted(run: &Run<'_>, script: &ShellScript) -> Vec<Span> {
    let outer = |fetch: &Call| {
        let command = &script.commands[fetch.command?];
        let holds = |other: &&SimpleCommand| {
            other.span.start < command.span.start && other.span.contains(command.span)
        };
        let command = script.commands.iter().rev().find(holds)?;
        let name = command.words.first().and_then(|word| word.literal())?;
        let name = name.rsplit('/').next()?;
        let runs = runs_its_input(name) || name == "eval";
        let takes_text = name == "eval"
            || command
                .words
                .iter()
                .any(|word| word.literal() == Some("-c"));
        let takes_file = command
            .words
            .iter()
            .skip(1)
            .any(|word| word.raw.starts_with("<("));
        (runs && (takes_text || takes_file)).then_some(command.words[0].span)
    };
    run.calls
        .iter()
        .filter(|call| is_fetch(call))
        .take(MOST_FETCHES)
        .filter_map(outer)
        .collect()
}

/// Whether a program runs the script that it reads.
fn runs_its_input(program: &str) -> bool {
    ProgramClass::PosixShell.contains(program)
        || ProgramClass::Interpreter.contains(program)
        || matches!(program, "source" | ".")
}
