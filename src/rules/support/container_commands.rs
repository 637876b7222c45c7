//! Commands that a deployment runs in a container, and the programs that they name.

use crate::deployment::{CheckKind, Command, Place, Spanned};
use crate::dockerfile::shell;
use crate::knowledge::ProgramClass;
use crate::lint::ImagedWorkload;
use crate::paths::file_name;

/// Maximum length of a script that is read, in bytes.
const MAX_SCRIPT: usize = 64 << 10;

/// Maximum number of programs of a container.
const MAX_PROGRAMS: usize = 256;

/// A program that a command names.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::rules) struct NamedProgram {
    pub(in crate::rules) word: String,
    /// The key that the command is written under.
    pub(in crate::rules) key: &'static str,
    pub(in crate::rules) place: Place,
}

/// The programs that the commands and checks of a container certainly start.
pub(in crate::rules) fn named_programs(container: ImagedWorkload<'_>) -> Vec<NamedProgram> {
    let workload = container.workload;
    let is_kubernetes = container.pod.controller.is_kubernetes();
    let mut programs = Vec::new();
    let (entrypoint_key, command_key) = if is_kubernetes {
        ("command", "args")
    } else {
        ("entrypoint", "command")
    };
    let own_entrypoint = container.image.image.config.entrypoint();
    match (&workload.entrypoint, &workload.command) {
        (Some(entrypoint), command) => {
            add(container, entrypoint_key, entrypoint, &mut programs);
            let words = entrypoint.words.iter().map(|word| word.as_str());
            if let Some(command) = command
                && takes_script(words)
            {
                add_first_script(command, command_key, &mut programs);
            }
        }
        (None, Some(command)) if own_entrypoint.is_empty() => {
            add(container, command_key, command, &mut programs);
        }
        // Otherwise, the words are arguments of the image's entry point.
        (None, Some(command)) if takes_script(own_entrypoint.iter().copied()) => {
            add_first_script(command, command_key, &mut programs);
        }
        _ => {}
    }
    for check in &workload.checks {
        if let Some(command) = &check.command
            && check.kind != CheckKind::NoHealth
        {
            add(container, check.kind.key(), command, &mut programs);
        }
    }
    programs
}

fn add(
    container: ImagedWorkload<'_>,
    key: &'static str,
    command: &Command,
    programs: &mut Vec<NamedProgram>,
) {
    let Some(first) = command.words.first() else {
        return;
    };
    if command.is_shell {
        let shell = container.image.image.config.shell();
        let shell = shell.first().copied().unwrap_or("/bin/sh");
        push(shell, key, command.place, programs);
        // Windows has other shells, whose scripts are not read.
        if ProgramClass::PosixShell.contains(file_name(shell)) {
            add_script(first, key, programs);
        }
        return;
    }
    push(first, key, first.place, programs);
    let words = command.words.iter().map(|word| word.as_str());
    if takes_script(words.take(2))
        && let Some(script) = command.words.get(2)
    {
        add_script(script, key, programs);
    }
}

/// Whether the words are `sh -c`, so that the next one is a script.
fn takes_script<'a>(mut words: impl Iterator<Item = &'a str>) -> bool {
    let is_shell = words
        .next()
        .is_some_and(|shell| ProgramClass::PosixShell.contains(file_name(shell)));
    is_shell && words.next().is_some_and(is_script_option) && words.next().is_none()
}

/// Whether a word consists of short options, the last of which is `-c`.
fn is_script_option(word: &str) -> bool {
    word.starts_with('-') && !word.starts_with("--") && word.ends_with('c')
}

/// Adds the programs of a script that is the first argument of a shell with `-c`.
fn add_first_script(command: &Command, key: &'static str, programs: &mut Vec<NamedProgram>) {
    if let Some(script) = command.words.first() {
        add_script(script, key, programs);
    }
}

/// Adds the programs that a script starts whatever happens.
fn add_script(script: &Spanned<String>, key: &'static str, programs: &mut Vec<NamedProgram>) {
    if script.len() > MAX_SCRIPT {
        return;
    }
    let parsed = shell::parse_text(script);
    let is_certain = parsed.errors.is_empty() && parsed.unread.is_empty();
    // A script that asks for programs knows that they may be missing.
    if !is_certain || parsed.calls().any(|call| is_question(call.name)) {
        return;
    }
    for call in parsed.calls() {
        let command = &parsed.commands[call.command];
        let has_fallback = command.position.conditional
            || command.status == shell::StatusUse::Ignored
            || has_alternative(script, command.span.end);
        let is_function = parsed.functions.iter().any(|one| one.name == call.name);
        // A wrapper such as `sudo` is itself not among the calls.
        let word = call.words.first().and_then(|word| word.literal());
        if let Some(word) = word
            && !has_fallback
            && !is_function
            && call.via.is_empty()
            && !ProgramClass::ShellBuiltin.contains(word)
        {
            push(word, key, script.place, programs);
        }
    }
}

fn is_question(program: &str) -> bool {
    matches!(program, "command" | "which" | "type" | "hash")
}

/// Whether another program is tried after a command fails: `curl … || wget …`. Ending the script
/// with a status is no alternative.
fn has_alternative(script: &str, end: usize) -> bool {
    let Some(rest) = script.get(end..) else {
        return false;
    };
    let Some(alternative) = rest.trim_start().strip_prefix("||") else {
        return false;
    };
    let word = alternative.split_whitespace().next().unwrap_or_default();
    !matches!(
        word.trim_matches(['(', ')', '{', ';']),
        "exit" | "false" | "return" | "kill" | "echo" | "bash" | "sh"
    )
}

fn push(word: &str, key: &'static str, place: Place, programs: &mut Vec<NamedProgram>) {
    // `$(NAME)` of Kubernetes and patterns are only known in the container.
    if word.is_empty() || word.contains(['$', '*', '?', '~', '{', '%']) {
        return;
    }
    let program = NamedProgram {
        word: word.to_owned(),
        key,
        place,
    };
    if programs.len() < MAX_PROGRAMS && !programs.contains(&program) {
        programs.push(program);
    }
}
