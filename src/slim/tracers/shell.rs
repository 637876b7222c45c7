//! Shell scripts: the commands that they call, the files that they include, the paths that they
//! mention.
//!
//! Variables with constant values are followed; a command whose name is computed in another way is
//! reported in a note. `"$@"` is not, because the arguments of the entry point are roots
//! themselves.

mod expand;
pub(super) mod globs;
mod values;

use std::collections::HashSet;

use crate::dockerfile::shell::{self, ProgramCall, ShellPart, ShellScript, ShellWord};
use crate::image::NameId;
use crate::knowledge::ProgramClass;
use crate::slim::keep::Keep;
use crate::slim::shebang;
use crate::slim::system_directories::keep_application;
use crate::slim::tracer::Tracer;
use crate::slim::why::{Field, Root, Why};
use crate::source::Span;

use self::values::Values;

/// Shell builtins for which programs with the same name exist.
const BUILTINS: &[&str] = &[
    ".", ":", "[", "alias", "bg", "break", "cd", "command", "continue", "echo", "eval", "exec",
    "exit", "export", "false", "fg", "getopts", "hash", "jobs", "kill", "local", "printf", "pwd",
    "read", "readonly", "return", "set", "shift", "source", "test", "times", "trap", "true",
    "type", "ulimit", "umask", "unalias", "unset", "wait",
];

/// Longer texts are scripts with embedded data, such as installers with an archive.
const MAX_SCRIPT: usize = 4 << 20;

/// Maximum depth of nested includes. Each has a copy of the known variables.
const MAX_INCLUDES: usize = 16;

/// Whether a word is the name or the path of a shell.
pub(in crate::slim) fn is_shell(word: &str) -> bool {
    ProgramClass::PosixShell.contains(word.rsplit('/').next().unwrap_or_default())
}

/// The location of a script, which is the source of its reasons.
#[derive(Clone, Copy)]
enum Place {
    File(NameId),
    Field(Field),
}

impl Place {
    fn by(self) -> Option<NameId> {
        match self {
            Self::File(name) => Some(name),
            Self::Field(_) => None,
        }
    }

    fn why(self, word: &str, line: usize, of_file: fn(String, usize) -> Why) -> Why {
        match self {
            Self::File(_) => of_file(word.to_owned(), line),
            Self::Field(of) => Why::Root(Root::ShellText {
                of,
                word: word.to_owned(),
                line,
            }),
        }
    }
}

pub(super) struct ShellTracer;

impl Tracer for ShellTracer {
    fn trace(&mut self, keep: &mut Keep<'_>, name: NameId) {
        if keep.is_file(name) && is_script(keep, name) {
            read_file(keep, name);
        }
    }
}

/// Whether a file is a shell script: a text with a shell's `#!` line, or without a `#!` line but
/// with the extension `.sh` or the executable bit, in which case it is run by a shell.
fn is_script(keep: &Keep<'_>, name: NameId) -> bool {
    const LOOKED_AT: usize = 512;
    let bytes = keep.view.head(keep.tree().inode_id(name), LOOKED_AT);
    // A `#!` line takes precedence: a Python script named `x.sh` is not a shell script.
    if bytes.starts_with(b"#!") {
        let program = shebang::parse(&bytes)
            .map(|shebang| shebang.program_name())
            .unwrap_or_default();
        return ProgramClass::PosixShell.contains(program);
    }
    // `execve` fails with ENOEXEC for a text without a `#!` line; shells and `execvp` then run it
    // with `sh`.
    let is_text = !bytes.is_empty() && !bytes.contains(&0) && std::str::from_utf8(&bytes).is_ok();
    let inode = keep.tree().inode(name);
    is_text && (keep.tree().file_name(name).ends_with(b".sh") || inode.header.mode & 0o111 != 0)
}

fn read_file(keep: &mut Keep<'_>, name: NameId) {
    let values = Values::new(&keep.view.image.config, script_paths(keep, name));
    read_included(keep, name, &values, 0);
}

/// The possible values of `$0`: the paths of the script and of symlinks to it.
fn script_paths(keep: &Keep<'_>, name: NameId) -> Vec<String> {
    const MOST: usize = 8;
    let mut names = vec![name];
    let mut at = 0;
    while let Some(&name) = names.get(at)
        && names.len() < MOST
    {
        // Scripts use `$0` to find their directory, and `$0` is the symlink with which they were
        // started.
        let links = keep
            .graph
            .reasons(name)
            .iter()
            .filter(|reason| matches!(reason.why, Why::Target));
        let new: Vec<NameId> = links
            .filter_map(|reason| reason.by)
            .filter(|by| !names.contains(by))
            .collect();
        names.extend(new);
        at += 1;
    }
    names
        .into_iter()
        .filter_map(|name| String::from_utf8(keep.tree().path(name)).ok())
        .collect()
}

/// Reads a file that is included by another one, with the values of its variables.
fn read_included(keep: &mut Keep<'_>, name: NameId, values: &Values, includes: usize) {
    // A script may be an entry point, included by others, and traced itself; it is only read once.
    if !keep.scripts.insert(name) {
        return;
    }
    // Files that include each other would never end.
    if includes > MAX_INCLUDES {
        let text = format!("not analyzed: included through more than {MAX_INCLUDES} files");
        return keep.note(Some(name), None, text);
    }
    let Some(bytes) = keep.view.bytes(name) else {
        return;
    };
    if bytes.len() > MAX_SCRIPT {
        return keep.note(Some(name), None, "script too long to analyze".to_owned());
    }
    let text = String::from_utf8_lossy(&bytes);
    read_text(
        keep,
        &Reading {
            place: Place::File(name),
            values,
            base: 0,
            depth: 0,
            includes,
        },
        &text,
    );
}

/// Reads the shell script in a field of the configuration.
pub(in crate::slim) fn keep_text(keep: &mut Keep<'_>, field: Field, text: &str) {
    let values = Values::new(&keep.view.image.config, Vec::new());
    read_text(
        keep,
        &Reading {
            place: Place::Field(field),
            values: &values,
            base: 0,
            depth: 0,
            includes: 0,
        },
        text,
    );
}

/// Reads a shell command in a file that is not a script, such as a `package.json`.
pub(super) fn keep_text_of(keep: &mut Keep<'_>, file: NameId, line: usize, text: &str) {
    let values = Values::new(&keep.view.image.config, Vec::new());
    read_text(
        keep,
        &Reading {
            place: Place::File(file),
            values: &values,
            base: line.saturating_sub(1),
            depth: 0,
            includes: 0,
        },
        text,
    );
}

/// Facts about a text that are known before it is read.
struct Reading<'a> {
    place: Place,
    values: &'a Values,
    /// Number of lines before the text in its file.
    base: usize,
    /// The nesting level of the text: `trap 'eval "…"' EXIT`.
    depth: usize,
    /// The number of nested includes up to this file.
    includes: usize,
}

fn read_text(keep: &mut Keep<'_>, reading: &Reading<'_>, text: &str) {
    let place = reading.place;
    // The limit applies to the whole image, because many small scripts cost as much as a large one.
    if !keep.effort.scripts.spend(text.len()) {
        let text = "too many shell scripts in the image: this one is not analyzed".to_owned();
        return keep.note(place.by(), None, text);
    }
    let mut script = shell::parse_text(text);
    let lines = Lines::of(text, reading.base);
    note_errors(keep, place, &script, &lines);
    let mut values = reading.values.clone();
    // Values are collected twice, because variables assigned in an included file may be used in
    // other values.
    values.allow_for(text);
    values.learn(&script, text);
    learn_included(keep, &script, &mut values);
    values.learn(&script, text);
    // From here on, words of the script are replaced with their values, if these are known.
    let expanded = expand::expand(&mut script, &values);
    if values.is_exhausted() {
        let text = "too many variable values to follow: some are unknown".to_owned();
        keep.note(place.by(), None, text);
    }
    keep_commands(keep, reading, &script, &lines);
    keep_mentions(keep, place, text, reading.base);
    for (offset, path) in expanded {
        keep_path_or_glob(keep, place, &path, lines.line(offset));
    }
    keep_included(keep, reading, &script, &lines, &values);
}

/// Adds notes about parts of a script that are not analyzed, and about syntax errors.
fn note_errors(keep: &mut Keep<'_>, place: Place, script: &ShellScript, lines: &Lines) {
    for part in &script.unread {
        let text = format!("{}: this part of the script is not analyzed", part.reason);
        keep.note(place.by(), Some(lines.line(part.span.start)), text);
    }
    // A part that was skipped on purpose is only reported once, not also as a syntax error.
    let unread: HashSet<Span> = script.unread.iter().map(|part| part.span).collect();
    for error in &script.errors {
        if !unread.contains(error) {
            let text = "the script cannot be parsed here".to_owned();
            keep.note(place.by(), Some(lines.line(error.start)), text);
        }
    }
}

/// Keeps the programs that a script calls, and the files named in its commands.
fn keep_commands(keep: &mut Keep<'_>, reading: &Reading<'_>, script: &ShellScript, lines: &Lines) {
    let place = reading.place;
    let mut is_known = vec![false; script.commands.len()];
    for call in script.calls() {
        is_known[call.command] = true;
        keep_call(
            keep,
            place,
            &call,
            lines.line(script.commands[call.command].span.start),
        );
    }
    for (simple, is_known) in script.commands.iter().zip(is_known) {
        let line = lines.line(simple.span.start);
        // A command whose program is unknown, such as `exec "$@"`, may still contain a program
        // among its words.
        if !is_known {
            keep_words(keep, place, &simple.words, line);
        }
        note_unknown(keep, place, &simple.words, line);
        // The first word is the command itself; it refers to a program on PATH, not to a file.
        for word in simple.words.iter().skip(1) {
            keep_relative(keep, place, word, lines.line(word.span.start));
        }
        read_argument(keep, reading, &simple.words, line);
    }
}

/// Collects the variables that included files assign.
fn learn_included(keep: &mut Keep<'_>, script: &ShellScript, values: &mut Values) {
    let mut learned = HashSet::new();
    for (_, file) in included_words(script) {
        for path in values.expand(&file.raw).unwrap_or_default() {
            let Ok(resolved) = keep
                .tree()
                .resolve(&keep.programs.absolute(path.as_bytes()))
            else {
                continue;
            };
            // A script may include a file on every line.
            if !learned.insert(resolved.name) {
                continue;
            }
            let Some(bytes) = keep.view.bytes(resolved.name) else {
                continue;
            };
            // An included file is parsed twice, here for its variables and later for its commands;
            // both count against the limit.
            if bytes.len() <= MAX_SCRIPT && keep.effort.scripts.spend(bytes.len()) {
                let text = String::from_utf8_lossy(&bytes);
                values.learn(&shell::parse_text(&text), &text);
            }
        }
    }
}

/// Reads shell code in arguments: `trap 'rm -f x' EXIT`, `eval "a b"`; and the directory argument
/// of `run-parts`.
fn read_argument(keep: &mut Keep<'_>, reading: &Reading<'_>, words: &[ShellWord], line: usize) {
    const DEEPEST: usize = 4;
    let Some(first) = words.first().and_then(ShellWord::literal) else {
        return;
    };
    let known: Option<Vec<&str>> = words[1..].iter().map(ShellWord::literal).collect();
    let text = match (first, known) {
        // Only the first argument of `trap` is a command; the others are signals.
        ("trap", _) => words.get(1).and_then(ShellWord::literal).map(str::to_owned),
        ("eval", Some(words)) => Some(words.join(" ")),
        ("run-parts", Some(words)) => {
            keep_parts(keep, reading.place, &words, line);
            None
        }
        _ => None,
    };
    // Nested text requires additional quoting at each level, so nobody writes more than two or
    // three levels.
    if let Some(text) = text.filter(|text| reading.depth < DEEPEST && !text.starts_with('-')) {
        let inner = Reading {
            base: line - 1,
            depth: reading.depth + 1,
            ..*reading
        };
        read_text(keep, &inner, &text);
    }
}

/// Keeps the directories whose programs are started by `run-parts`.
fn keep_parts(keep: &mut Keep<'_>, place: Place, words: &[&str], line: usize) {
    for word in words {
        if !word.starts_with('/') {
            continue;
        }
        let why = place.why(word, line, Why::mention);
        if let Some(name) = keep.keep_path(word.as_bytes(), place.by(), why.clone()) {
            keep.keep_below(name, place.by(), &why);
        }
    }
}

/// Keeps a path that results from variables, or the files that match a pattern.
fn keep_path_or_glob(keep: &mut Keep<'_>, place: Place, path: &str, line: usize) {
    let why = place.why(path, line, Why::mention);
    // The shell expands a pattern at run time; it will find the files in the image that match it
    // now.
    if globs::is_pattern(path) {
        for name in globs::matches(keep.tree(), path) {
            let path = keep.tree().path(name);
            keep.keep_path(&path, place.by(), why.clone());
        }
    } else if let Some(name) = keep.keep_path(path.as_bytes(), place.by(), why.clone()) {
        keep_application(keep, name, place.by(), &why);
    }
}

/// Keeps the called program and its wrappers.
fn keep_call(keep: &mut Keep<'_>, place: Place, call: &ProgramCall<'_>, line: usize) {
    // In `exec nice -n 5 program`, the wrappers are programs too.
    for wrapper in &call.via {
        keep_command(keep, place, wrapper, line);
    }
    let Some(word) = call.words.first().and_then(ShellWord::literal) else {
        return;
    };
    // `exec echo` and `xargs echo` start the program, not the builtin.
    let by_shell = call
        .via
        .iter()
        .all(|via| matches!(*via, "command" | "builtin"));
    if !(by_shell && BUILTINS.contains(&word)) {
        keep_program(keep, place, word, line);
    }
    // `set -- redis-server "$@"` sets the command that `exec "$@"` starts. A script that checks for
    // a program takes another path if it is missing; but checking for a package manager is not a
    // reason to keep one.
    let is_question = matches!(call.name, "command" | "type" | "hash" | "which");
    if is_question || call.name == "set" {
        for word in call
            .arguments()
            .iter()
            .filter_map(ShellWord::literal)
            .filter(|word| !word.starts_with('-'))
        {
            let file_name = word.rsplit('/').next().unwrap_or_default();
            if !(is_question && ProgramClass::PackageManager.contains(file_name)) {
                keep_program(keep, place, word, line);
            }
        }
    }
}

fn keep_command(keep: &mut Keep<'_>, place: Place, word: &str, line: usize) {
    if !BUILTINS.contains(&word) {
        keep_program(keep, place, word, line);
    }
}

/// In `exec gosu app "$@"`, the final program is unknown, but its wrapper is among the words.
fn keep_words(keep: &mut Keep<'_>, place: Place, words: &[ShellWord], line: usize) {
    for word in words
        .iter()
        .filter_map(ShellWord::literal)
        .filter(|word| !word.starts_with('-'))
    {
        keep_command(keep, place, word, line);
    }
}

/// Keeps a program. A word that is not a program is a function, a builtin, or also missing in the
/// original.
fn keep_program(keep: &mut Keep<'_>, place: Place, word: &str, line: usize) {
    if let Some(path) = keep.programs.find(keep.view, word.as_bytes()) {
        keep.keep_path(&path, place.by(), place.why(word, line, Why::command));
    }
}

/// Adds a note for `exec "$command"` and `eval …`. The arguments of the script are handled where it
/// is called.
fn note_unknown(keep: &mut Keep<'_>, place: Place, words: &[ShellWord], line: usize) {
    let Some(word) = words.first() else { return };
    match word.literal() {
        Some("eval") if words[1..].iter().any(|word| word.literal().is_none()) => {
            keep.note(
                place.by(),
                Some(line),
                "the command of `eval` is computed at run time".to_owned(),
            );
        }
        // `"$@"` runs the arguments of the script, which are in the image's CMD.
        None if !word.parts.iter().all(is_argument) => {
            let text = format!("the command `{}` is computed at run time", word.raw);
            keep.note(place.by(), Some(line), text);
        }
        _ => {}
    }
}

/// Whether a part is `$@` or `$*`, the arguments of the script.
fn is_argument(part: &ShellPart) -> bool {
    match part {
        ShellPart::Variable { name, .. } => name == "@" || name == "*",
        _ => false,
    }
}

/// Keeps a file that a word refers to relative to the working directory: `node server.js`.
fn keep_relative(keep: &mut Keep<'_>, place: Place, word: &ShellWord, line: usize) {
    let Some(word) = word
        .literal()
        .filter(|word| !word.is_empty() && !word.starts_with(['/', '-']))
    else {
        return;
    };
    let path = keep.programs.absolute(word.as_bytes());
    if keep
        .tree()
        .resolve(&path)
        .is_ok_and(|resolved| keep.is_file(resolved.name))
    {
        keep.keep_path(&path, place.by(), place.why(word, line, Why::mention));
    }
}

/// Keeps existing absolute paths anywhere in the text except in comment lines: words, redirections,
/// `for` lists, heredocs. The contents of a directory are only kept if it belongs to the
/// application.
fn keep_mentions(keep: &mut Keep<'_>, place: Place, text: &str, base: usize) {
    for (number, line) in text.lines().enumerate() {
        // Comments are not run.
        if line.trim_start().starts_with('#') {
            continue;
        }
        for path in absolute_paths(line) {
            let why = place.why(path, base + number + 1, Why::mention);
            if let Some(name) = keep.keep_path(path.as_bytes(), place.by(), why.clone()) {
                keep_application(keep, name, place.by(), &why);
            }
        }
    }
}

/// Absolute paths in a line that do not continue other text: `$ROOT/etc` contains none.
fn absolute_paths(line: &str) -> Vec<&str> {
    let bytes = line.as_bytes();
    let mut paths = Vec::new();
    for start in memchr::memchr_iter(b'/', bytes) {
        if let Some(before) = start.checked_sub(1)
            // A slash after one of these continues a word, such as a variable or a pattern, whose
            // start is unknown.
            && (is_path_byte(bytes[before]) || b"$})]*?`\\".contains(&bytes[before]))
        {
            continue;
        }
        let rest = &line[start..];
        let end = rest
            .bytes()
            .position(|byte| !is_path_byte(byte))
            .unwrap_or(rest.len());
        // A path at the end of a sentence is followed by a full stop.
        let path = rest[..end].trim_end_matches(['.', '/']);
        // `https://host`.
        if path.len() > 1 && !path.starts_with("//") {
            paths.push(path);
        }
    }
    paths
}

fn is_path_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"._/+-@%~".contains(&byte) || !byte.is_ascii()
}

/// `. file` and `source file`: a name without a slash is searched for in PATH.
fn keep_included(
    keep: &mut Keep<'_>,
    reading: &Reading<'_>,
    script: &ShellScript,
    lines: &Lines,
    values: &Values,
) {
    let Reading {
        place, includes, ..
    } = *reading;
    for (start, file) in included_words(script) {
        let line = lines.line(start);
        // Files with known variables have already been expanded, so the rest is computed at run
        // time.
        let Some(word) = file.literal() else {
            let text = format!("the included file `{}` is computed at run time", file.raw);
            keep.note(place.by(), Some(line), text);
            continue;
        };
        if let Some(path) = included_path(keep, word)
            && let Some(name) =
                keep.keep_path(&path, place.by(), place.why(word, line, Why::include))
        {
            let values = values.within(script_paths(keep, name));
            read_included(keep, name, &values, includes + 1);
        }
    }
}

/// The words of `. file` and `source file`, with the positions of the commands.
fn included_words(script: &ShellScript) -> impl Iterator<Item = (usize, &ShellWord)> {
    script
        .commands
        .iter()
        .filter_map(|simple| match simple.words.as_slice() {
            [first, file, ..] if matches!(first.literal(), Some("." | "source")) => {
                Some((simple.span.start, file))
            }
            _ => None,
        })
}

/// The path of an included file. POSIX: a name with a slash is a path; any other name is searched
/// for in PATH.
fn included_path(keep: &Keep<'_>, word: &str) -> Option<Vec<u8>> {
    let mut candidates = Vec::new();
    // Only bash's `source` also searches the working directory, and only if there is no such file
    // in PATH.
    if word.contains('/') {
        candidates.push(keep.programs.absolute(word.as_bytes()));
    } else {
        for directory in keep.programs.path() {
            candidates.push([directory, &b"/"[..], word.as_bytes()].concat());
        }
    }
    candidates.into_iter().find(|path| {
        let resolved = keep.tree().resolve(path);
        resolved.is_ok_and(|resolved| keep.is_file(resolved.name))
    })
}

/// The offsets at which the lines of a text begin.
pub(super) struct Lines {
    starts: Vec<usize>,
    /// Number of lines before the text.
    base: usize,
}

impl Lines {
    pub(super) fn of(text: &str, base: usize) -> Self {
        Self {
            starts: memchr::memchr_iter(b'\n', text.as_bytes())
                .map(|at| at + 1)
                .collect(),
            base,
        }
    }

    /// The number of the line that contains a byte, counted from 1.
    pub(super) fn line(&self, offset: usize) -> usize {
        self.base + self.starts.partition_point(|&start| start <= offset) + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absolute_paths_do_not_go_on_from_something_else() {
        let paths = |line| absolute_paths(line);
        assert_eq!(
            paths("cat /etc/a.conf >/b; x=/c:/d"),
            ["/etc/a.conf", "/b", "/c", "/d"]
        );
        assert_eq!(
            paths("$ROOT/etc ${ROOT}/etc a/etc $(pwd)/etc ./etc ~/etc"),
            Vec::<&str>::new()
        );
        assert_eq!(
            paths("for f in \"/docker-entrypoint.d/\"*; do"),
            ["/docker-entrypoint.d"]
        );
        assert_eq!(paths("https://host/a // /"), Vec::<&str>::new());
    }

    #[test]
    fn a_line_begins_after_the_break_before_it() {
        let lines = Lines::of("a\nb\n\nc", 0);
        assert_eq!(
            [0, 1, 2, 3, 4, 5].map(|offset| lines.line(offset)),
            [1, 1, 2, 2, 3, 4]
        );
    }
}
