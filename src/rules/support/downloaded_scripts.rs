//! Downloads that are piped into a shell or another interpreter: `curl … | sh`.

use super::calls;
use crate::dockerfile::Pipeline;
use crate::knowledge::ProgramClass;
use crate::lint::facts::{Call, Run};
use crate::source::Span;

/// The location of the interpreter that runs the download in a pipeline.
pub(in crate::rules) fn interpreter(run: &Run<'_>, pipeline: &Pipeline) -> Option<Span> {
    let calls: Vec<&Call> = pipeline
        .stages
        .iter()
        .filter_map(|&command| calls::of_command(run, command))
        .collect();
    let fetch = calls.iter().position(|call| is_fetch(call))?;
    // Programs in between, such as `tee` or `gunzip`, pass the script on.
    let call = calls[fetch + 1..]
        .iter()
        .find(|call| reads_a_script(call))?;
    Some(call.name_span)
}

/// Whether a call downloads something.
pub(in crate::rules) fn is_fetch(call: &Call) -> bool {
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

/// Whether a program runs the script that it reads.
pub(in crate::rules) fn runs_its_input(program: &str) -> bool {
    ProgramClass::PosixShell.contains(program)
        || ProgramClass::Interpreter.contains(program)
        || matches!(program, "source" | ".")
}
