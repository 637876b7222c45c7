//! Places that the commands of a script write to, and calls of programs that need capabilities.

use super::reading::{Lines, Reading};
use super::values::Values;
use crate::dockerfile::shell::{ProgramCall, ShellScript, ShellWord};
use crate::knowledge::{ProgramClass, has_port_options, needs_capabilities};
use crate::paths::file_name;
use crate::slim::keep::Keep;
use crate::slim::writes::{Lifetime, ScriptCall, Write, Writer, WrittenKind};

/// Number of arguments of a call that are recorded; the user comes first.
const MAX_ARGUMENTS: usize = 16;

/// Records the writes and the calls of a script.
pub(super) fn record(
    keep: &mut Keep<'_>,
    reading: &Reading<'_>,
    script: &ShellScript,
    lines: &Lines,
    values: &Values,
) {
    for call in script.calls() {
        let line = lines.line(script.commands[call.command].span.start);
        record_call(keep, reading, &call, line);
        record_operands(keep, reading, &call, line);
    }
    for simple in &script.commands {
        // `exec gosu app "$@"` calls no program whose name is known, but gosu.
        record_wrapper(keep, reading, &simple.words, lines.line(simple.span.start));
    }
    for redirection in &script.redirections {
        if !matches!(&*redirection.operator, ">" | ">>" | ">|" | "&>" | "&>>") {
            continue;
        }
        let Some(target) = &redirection.target else {
            continue;
        };
        let line = lines.line(redirection.span.start);
        for path in values.expand(&target.raw).unwrap_or_default() {
            add_write(keep, reading, &path, WrittenKind::File, (line, ">"));
        }
    }
}

fn record_call(keep: &mut Keep<'_>, reading: &Reading<'_>, call: &ProgramCall<'_>, line: usize) {
    if is_recorded(call.name) {
        let arguments = call.arguments().iter();
        let arguments = arguments.filter_map(ShellWord::literal);
        add_call(keep, reading, (line, call.name), arguments);
    }
}

/// Records the first word of a command that runs another program.
fn record_wrapper(keep: &mut Keep<'_>, reading: &Reading<'_>, words: &[ShellWord], line: usize) {
    for (index, word) in words.iter().take(MAX_ARGUMENTS).enumerate() {
        let Some(name) = word.literal().map(file_name) else {
            continue;
        };
        if is_recorded(name) {
            let arguments = words[index + 1..].iter().filter_map(ShellWord::literal);
            return add_call(keep, reading, (line, name), arguments);
        }
        // Another program's arguments are no programs.
        if name != "exec" {
            return;
        }
    }
}

/// Whether calls of a program are of interest: it needs capabilities, its options say a port, or a
/// script asks it which user runs the script.
fn is_recorded(name: &str) -> bool {
    needs_capabilities(name) || has_port_options(name) || matches!(name, "id" | "whoami")
}

fn add_call<'w>(
    keep: &mut Keep<'_>,
    reading: &Reading<'_>,
    (line, program): (usize, &str),
    arguments: impl Iterator<Item = &'w str>,
) {
    let arguments = arguments.take(MAX_ARGUMENTS).map(str::to_owned).collect();
    keep.run_time.add_call(ScriptCall {
        at: reading.place.by(),
        line,
        program: program.to_owned(),
        arguments,
    });
}

/// Records the files that a command creates or changes: `mkdir -p /run/app`.
fn record_operands(
    keep: &mut Keep<'_>,
    reading: &Reading<'_>,
    call: &ProgramCall<'_>,
    line: usize,
) {
    let operands = call.arguments().iter().filter_map(ShellWord::literal);
    let operands: Vec<&str> = operands.filter(|word| word.starts_with('/')).collect();
    let kind = if call.name == "mkdir" {
        WrittenKind::Directory
    } else {
        WrittenKind::Unknown
    };
    // The last operand of `cp` and its like is the target; the others are only read.
    let written = if ProgramClass::Copier.contains(call.name) {
        operands.last().into_iter().copied().collect()
    } else if ProgramClass::Writer.contains(call.name) {
        operands
    } else {
        Vec::new()
    };
    for path in written {
        add_write(keep, reading, path, kind, (line, call.name));
    }
}

fn add_write(
    keep: &mut Keep<'_>,
    reading: &Reading<'_>,
    path: &str,
    kind: WrittenKind,
    (line, program): (usize, &str),
) {
    let is_pattern = path.contains(['*', '?', '[']);
    if !path.starts_with('/') || is_pattern || path.contains(super::command_texts::UNKNOWN) {
        return;
    }
    keep.run_time.add_write(Write {
        path: path.as_bytes().to_vec(),
        kind,
        lifetime: Lifetime::Unknown,
        by: Writer::Command {
            at: reading.place.by(),
            line,
            program: program.to_owned(),
        },
    });
}
