//! `download-piped-to-shell`: a download is piped to a shell.

use super::support::calls;
use crate::dockerfile::{ShellScript, SimpleCommand};
use crate::knowledge::ProgramClass;
use crate::lint::facts::{Call, Run};
use crate::lint::{DockerfileContext, Findings, Rule};
use crate::paths::file_name;
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "download-piped-to-shell",
    page: include_str!("../../rules/lint/download-piped-to-shell.md"),
    dockerfile: Some(check),
    image: None,
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
            findings.add(span, "downloaded script is run without being verified");
        }
    }
}

/// The locations of interpreters in pipelines such as `curl … | sh`.
fn piped(run: &Run<'_>, script: &ShellScript) -> Vec<Span> {
    let mut places = Vec::new();
    for pipeline in &script.pipelines {
        let calls: Vec<&Call> = pipeline
            .stages
            .iter()
            .filter_map(|&command| calls::of_command(run, command))
            .collect();
        let Some(fetch) = calls.iter().position(|call| is_fetch(call)) else {
            continue;
        };
        // Programs in between, such as `tee` or `gunzip`, pass the script on.
        if let Some(call) = calls[fetch + 1..].iter().find(|call| reads_a_script(call)) {
            places.push(call.name_span);
        }
    }
    places
}

/// Whether a call downloads something.
fn is_fetch(call: &Call) -> bool {
    let is_curl_or_wget = matches!(call.name.as_str(), "curl" | "wget");
    // The URL is often a variable. curl and wget only download, so any variable counts.
    let has_variable = call
        .arguments
        .iter()
        .any(|argument| argument.raw.contains('$'));
    if is_curl_or_wget && has_variable {
        return true;
    }
    (is_curl_or_wget || matches!(call.name.as_str(), "fetch" | "aria2c"))
        && !call.downloads().is_empty()
}

/// Whether an interpreter reads its script from standard input: `sh`, `bash -s -- x`, `python -`,
/// but not `python script.py`.
fn reads_a_script(call: &Call) -> bool {
    if !runs_its_input(&call.name) {
        return false;
    }
    // An argument with an unknown value is most likely a script file.
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

/// Whether an option determines the source of the script, so that later words are its arguments.
fn is_last_option(word: &str) -> bool {
    is_stdin_option(word) || matches!(word, "-c" | "-e" | "-m" | "-r")
}

/// Whether an option makes a shell read its script from standard input: `-s`, `-xs`, `-es`.
fn is_stdin_option(word: &str) -> bool {
    word.starts_with('-') && !word.starts_with("--") && word.ends_with('s')
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

/// Whether a program runs the script that it reads.
fn runs_its_input(program: &str) -> bool {
    ProgramClass::PosixShell.contains(program)
        || ProgramClass::Interpreter.contains(program)
        || matches!(program, "source" | ".")
}
