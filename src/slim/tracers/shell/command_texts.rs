//! Texts of commands that scripts compute: placeholders in them, and what they print.

use crate::knowledge::ProgramClass;
use crate::paths::file_name;

/// The placeholder in the text of an `eval`. It may be a part of a word or of a variable's name.
pub(super) const UNKNOWN: &str = "__computed_at_run_time__";

/// Whether a command in `$(…)` is a program without output, such as `mkdir`.
pub(super) fn prints_nothing(command: &str) -> bool {
    // With these options, the programs print what they do.
    let is_verbose = command
        .split_whitespace()
        .any(|word| word.starts_with("-v") || word.starts_with("--ve") || word == "--help");
    !is_verbose && is_call_of(command, ProgramClass::Silent)
}

/// Whether a text is one command that runs a program of a class.
pub(super) fn is_call_of(command: &str, class: ProgramClass) -> bool {
    let program = command.split_whitespace().next().unwrap_or_default();
    let is_list = command.contains([';', '|', '\n']) || command.contains("&&");
    class.contains(file_name(program)) && !is_list
}
