//! Shell scripts: the commands that they call, the files that they include, the paths that they
//! mention.
//!
//! Variables with constant values are followed through `cd`, functions and patterns. A command
//! whose name is computed in any other way is noted. If the entry point ends with such a command,
//! there is no plan unless the user names files to keep. `"$@"` is an exception, because the
//! arguments of the entry point are roots themselves.

mod command_texts;
mod computed;
mod expand;
mod functions;
mod patterns;
mod reading;
mod run_time;
mod values;

use std::borrow::Cow;
use std::collections::HashSet;

use crate::dockerfile::shell::{
    self, ProgramCall, Redirection, ShellPart, ShellScript, ShellWord, SimpleCommand,
};
use crate::image::NameId;
use crate::knowledge::{Language, ProgramClass, language_of_interpreter, unwrapped};
use crate::paths::file_name;
use crate::slim::globs;
use crate::slim::interpreters::{inline_code, language_of_input};
use crate::slim::keep::Keep;
use crate::slim::language_paths::is_packaged;
use crate::slim::shebang;
use crate::slim::system_directories::keep_application;
use crate::slim::tracer::Tracer;
use crate::slim::why::{Field, Root, Why};
use crate::source::Span;

pub(in crate::slim) use self::reading::Lines;
use self::reading::{Place, Reading};
use self::values::Values;
use super::launchers;
use super::runtimes::programs_in_code;

/// Shell builtins for which programs with the same name exist.
const BUILTINS: &[&str] = &[
    ".", ":", "[", "alias", "bg", "break", "cd", "command", "continue", "echo", "eval", "exec",
    "exit", "export", "false", "fg", "getopts", "hash", "jobs", "kill", "local", "printf", "pwd",
    "read", "readonly", "return", "set", "shift", "source", "test", "times", "trap", "true",
    "type", "ulimit", "umask", "unalias", "unset", "wait",
];

/// Longer texts are scripts with embedded data, such as installers with an archive.
const MAX_SCRIPT: usize = 4 << 20;

/// The cost of a text besides its bytes: a file may consist of a million commands of one letter.
const PER_TEXT: usize = 64;

/// Maximum depth of nested includes. Each has a copy of the known variables.
const MAX_INCLUDES: usize = 16;

/// Whether a word is the name or the path of a shell.
pub(in crate::slim) fn is_shell(word: &str) -> bool {
    ProgramClass::PosixShell.contains(file_name(word))
}

/// Maximum number of names under which a script is read again. More are not followed.
const MAX_NAMES: usize = 256;

#[derive(Default)]
pub(super) struct ShellTracer {
    /// Scripts in language packages, until it is known whether something starts them.
    packaged: Vec<NameId>,
    /// Scripts that were read once more, for another name.
    names: usize,
}

impl Tracer for ShellTracer {
    fn trace(&mut self, keep: &mut Keep<'_>, name: NameId) {
        if keep.is_file(name) {
            if is_script(keep, name) {
                if is_packaged(&keep.tree().path(name)) {
                    self.packaged.push(name);
                } else {
                    read_file(keep, Place::File(name));
                }
            }
        } else if let Ok(resolved) = keep.tree().resolve(&keep.tree().path(name))
            && keep.scripts.contains(&resolved.name)
            && self.names < MAX_NAMES
        {
            self.names += 1;
            read_under_name(keep, resolved.name, name);
        }
    }

    fn settle(&mut self, keep: &mut Keep<'_>) -> bool {
        let before = keep.graph.kept().len();
        for name in std::mem::take(&mut self.packaged) {
            if is_started(keep, name) {
                read_file(keep, Place::File(name));
            } else {
                read_file(keep, Place::Unstarted(name));
            }
        }
        keep.graph.kept().len() > before
    }
}

/// Whether a script is kept for another reason than being in a package or a directory: many
/// packages contain scripts that are only used to develop or build them.
fn is_started(keep: &Keep<'_>, name: NameId) -> bool {
    keep.graph.reasons(name).iter().any(|reason| {
        let is_there = matches!(
            reason.why,
            Why::Directory
                | Why::OnTheWay
                | Why::Root(Root::Brought { .. } | Root::Made { .. } | Root::InWorkdir)
        );
        !is_there && !reason.why.is_loaded()
    })
}

/// Reads a script again under another of its names, which it may see as `$0`: for example, the
/// programs of a message broker are symlinks to one script that starts the program it was called
/// as.
fn read_under_name(keep: &mut Keep<'_>, script: NameId, name: NameId) {
    let (Some(bytes), Ok(path)) = (
        keep.view.bytes(script),
        String::from_utf8(keep.tree().path(name)),
    ) else {
        return;
    };
    let text = String::from_utf8_lossy(&bytes);
    let sees_name = ["$0", "${0", "BASH_SOURCE"];
    if bytes.len() > MAX_SCRIPT || !sees_name.iter().any(|sign| text.contains(sign)) {
        return;
    }
    let values = Values::new(&keep.variables, vec![path]);
    let reading = Reading {
        place: Place::File(script),
        eval: None,
        values: &values,
        base: 0,
        depth: 0,
        includes: 0,
    };
    read_text(keep, &reading, &text);
}

/// Whether a file is a shell script: it has a shell on its `#!` line, or no such line and a name
/// ending in `.sh`, or it is executable in no format known to the kernel, in which case shells run
/// it as a script.
fn is_script(keep: &Keep<'_>, name: NameId) -> bool {
    const LOOKED_AT: usize = 512;
    let bytes = keep.view.head(keep.tree().inode_id(name), LOOKED_AT);
    // A `#!` line takes precedence: a Python script named `x.sh` is not a shell script.
    if bytes.starts_with(b"#!") {
        let program = shebang::parse(&bytes)
            .map(|shebang| shebang.program_name())
            .unwrap_or_default();
        return ProgramClass::PosixShell.contains(&program)
            || ProgramClass::ScriptRunner.contains(&program);
    }
    // `execve` fails with ENOEXEC for a text without a `#!` line; shells and `execvp` then run it
    // with `sh`.
    let is_text = !bytes.is_empty() && !bytes.contains(&0) && std::str::from_utf8(&bytes).is_ok();
    let inode = keep.tree().inode(name);
    let file_name = keep.tree().file_name(name);
    if !is_text || file_name.ends_with(b".sh") {
        return is_text;
    }
    inode.header.mode & 0o111 != 0 && !has_other_ending(file_name) && reads_as_shell(keep, name)
}

/// Whether a name has the ending of another language or of data: copies from a Windows file system
/// make every file executable.
fn has_other_ending(file_name: &[u8]) -> bool {
    const OF_SHELLS: &[&[u8]] = &[
        b"ash", b"bash", b"command", b"dash", b"envsh", b"ksh", b"run",
    ];
    let mut parts = file_name.rsplitn(2, |&byte| byte == b'.');
    let ending = parts.next().unwrap_or_default();
    // `.profile` has no ending, and neither has `tool-1.2`.
    let has_stem = parts.next().is_some_and(|stem| !stem.is_empty());
    has_stem && ending.first().is_some_and(u8::is_ascii_alphabetic) && !OF_SHELLS.contains(&ending)
}

/// Whether a shell would accept a text whose name and first line do not make it a script.
fn reads_as_shell(keep: &Keep<'_>, name: NameId) -> bool {
    let Some(bytes) = keep.view.bytes(name) else {
        return false;
    };
    // One that is too long is reported when it is read.
    bytes.len() > MAX_SCRIPT || shell::is_accepted(&String::from_utf8_lossy(&bytes))
}

fn read_file(keep: &mut Keep<'_>, place: Place) {
    let names = place.by().map(|name| script_paths(keep, name));
    let values = Values::new(&keep.variables, names.unwrap_or_default());
    read_included(keep, place, &values, 0);
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
fn read_included(keep: &mut Keep<'_>, place: Place, values: &Values, includes: usize) {
    let Some(name) = place.by() else {
        return;
    };
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
    let text = match with_service(keep, name, &text) {
        Some(text) => Cow::Owned(text),
        None => text,
    };
    read_text(
        keep,
        &Reading {
            place,
            eval: None,
            values,
            base: 0,
            depth: 0,
            includes,
        },
        &text,
    );
}

/// The text of an OpenRC script with a call of its `command` variable appended, because OpenRC runs
/// that command; `None` for other scripts.
fn with_service(keep: &Keep<'_>, name: NameId, text: &str) -> Option<String> {
    let head = shebang::parse(text.as_bytes())?;
    if !ProgramClass::ScriptRunner.contains(head.program_name()) || !text.contains("command=") {
        return None;
    }
    let service = String::from_utf8_lossy(keep.tree().file_name(name)).into_owned();
    let mut bytes = service.bytes();
    if !bytes.all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)) {
        return None;
    }
    // The variable is put on the `#!` line, so that line numbers do not change.
    Some(format!(
        "RC_SVCNAME={service}; SVCNAME={service}; {text}\n$command $command_args\n"
    ))
}

/// Reads the shell script in a field of the configuration.
pub(in crate::slim) fn keep_text(keep: &mut Keep<'_>, field: Field, text: &str) {
    let values = Values::new(&keep.variables, Vec::new());
    read_text(
        keep,
        &Reading {
            place: Place::Field(field),
            eval: None,
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
    let values = Values::new(&keep.variables, Vec::new());
    read_text(
        keep,
        &Reading {
            place: Place::File(file),
            eval: None,
            values: &values,
            base: line.saturating_sub(1),
            depth: 0,
            includes: 0,
        },
        text,
    );
}

/// How many times longer a script with syntax errors takes to parse.
const RECOVERY: usize = 12;

fn read_text(keep: &mut Keep<'_>, reading: &Reading<'_>, text: &str) {
    let place = reading.place;
    let whole = text;
    let text = shell_part(whole);
    note_data(keep, place, &whole[text.len()..]);
    // The limit applies to the whole image, because many small scripts cost as much as a large one.
    if !keep.effort.scripts.spend(PER_TEXT + text.len()) {
        let text = "too many shell scripts in the image: this one is not analyzed".to_owned();
        return keep.note(place.by(), None, text);
    }
    let mut script = shell::parse_text(text);
    computed::mark_unknown(&mut script);
    if !script.errors.is_empty() && !keep.effort.scripts.spend(text.len() * RECOVERY) {
        keep.effort.scripts.use_up();
    }
    let lines = Lines::of(text, reading.base);
    // If nothing starts the script, unknown commands in it do not matter.
    if reading.is_started() {
        note_errors(keep, reading, &script, &lines);
    }
    let mut values = reading.values.clone();
    // Values are collected twice, because variables assigned in an included file may be used in
    // other values.
    let allowed = values.allow_for(text, keep.effort.values.left());
    values.learn(&script, text);
    learn_included(keep, &script, &mut values);
    values.learn(&script, text);
    // From here on, the words of the script are replaced by their values if these are known.
    let expanded = expand::expand(&mut script, &mut values);
    let spent = allowed - values.left();
    keep.effort
        .values
        .spend(usize::try_from(spent).unwrap_or(usize::MAX));
    if values.is_exhausted() || expanded.is_incomplete {
        let text = "too many variable values to follow: some are unknown".to_owned();
        keep.note(place.by(), None, text);
    }
    keep_commands(keep, reading, &script, &lines, &values);
    if reading.is_started() {
        note_computed(keep, reading, &script, &lines, &values);
        run_time::record(keep, reading, &script, &lines, &values);
    }
    read_written(keep, reading, &script, text);
    read_piped(keep, reading, &script, &lines);
    keep_mentions(keep, place, text, reading.base);
    for (offset, path) in expanded.paths {
        keep_path_or_glob(keep, place, &path, lines.line(offset));
    }
    keep_included(keep, reading, &script, &lines, &values.share());
}

/// The part of a text that a shell reads. A script in Tcl or Perl may begin with shell code that
/// starts its interpreter, `exec tclsh "$0" "$@"`, and an installer ends with an archive.
fn shell_part(text: &str) -> &str {
    // Such a line is among the first; an archive may be anywhere.
    const LOOKED_AT: usize = 64;
    let mut end = 0;
    for line in text.split_inclusive('\n').take(LOOKED_AT) {
        end += line.len();
        if starts_itself_in_another_language(line) {
            return &text[..end];
        }
    }
    match memchr::memchr(0, text.as_bytes()) {
        // The archive begins on a line of its own.
        Some(data) => &text[..memchr::memrchr(b'\n', &text.as_bytes()[..data]).unwrap_or(data)],
        None => text,
    }
}

/// Notes data after a script, unless it is a ZIP file, which has a tracer.
fn note_data(keep: &mut Keep<'_>, place: Place, rest: &str) {
    const END_OF_ZIP: &str = "PK\u{5}\u{6}";
    if rest.contains('\0') && !rest.contains(END_OF_ZIP) {
        let text = "the data after the script is not analyzed: use `--keep` for what it needs";
        keep.note(place.by(), None, text.to_owned());
    }
}

/// Whether a line replaces the shell by an interpreter that reads the same file.
fn starts_itself_in_another_language(line: &str) -> bool {
    // Inside a function or a condition, the shell may go on.
    let Some(command) = line.strip_prefix("exec ") else {
        return false;
    };
    let mut words = command.split_whitespace();
    let is_interpreter = words
        .next()
        .is_some_and(|word| language_of_interpreter(file_name(word).as_bytes()).is_some());
    is_interpreter && words.any(|word| word.trim_matches('"') == "$0")
}

/// Adds notes about parts of a script that are not analyzed, and about syntax errors.
fn note_errors(keep: &mut Keep<'_>, reading: &Reading<'_>, script: &ShellScript, lines: &Lines) {
    let place = reading.place;
    for part in &script.unread {
        let text = format!("{}: this part of the script is not analyzed", part.reason);
        keep.note(place.by(), Some(lines.line(part.span.start)), text);
    }
    // A part that was skipped on purpose is only reported once, not also as a syntax error.
    let unread: HashSet<Span> = script.unread.iter().map(|part| part.span).collect();
    for error in &script.errors {
        if !unread.contains(error) {
            let text = match reading.eval {
                Some(argument) => computed_eval(argument),
                None => "the script cannot be parsed here".to_owned(),
            };
            keep.note(place.by(), Some(lines.line(error.start)), text);
        }
    }
}

/// Keeps the programs that a script calls, and the files that its commands name.
fn keep_commands(
    keep: &mut Keep<'_>,
    reading: &Reading<'_>,
    script: &ShellScript,
    lines: &Lines,
    values: &Values,
) {
    let place = reading.place;
    let directories = values.directories();
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
        keep_function_program(keep, place, &simple.words, values, line);
        keep_in_directories(keep, place, &simple.words, &directories, line);
        // The first word is the command itself; a file that it names is a program, found through
        // PATH.
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
    let mut eval = None;
    let Some(first) = words.first().and_then(ShellWord::literal) else {
        return;
    };
    let known: Option<Vec<&str>> = words[1..].iter().map(ShellWord::literal).collect();
    let text = match (first, known) {
        // Only the first argument of `trap` is a command; the others are signals.
        ("trap", _) => words.get(1).and_then(ShellWord::literal).map(str::to_owned),
        ("eval", _) => {
            eval = eval_argument(reading, words);
            Some(computed::eval_text(&words[1..]))
        }
        // `env -S 'A=1 program'` takes its text apart like a shell does.
        ("env", Some(words)) => env_text(&words),
        ("run-parts", Some(words)) => {
            keep_parts(keep, reading.place, &words, line);
            None
        }
        _ => None,
    };
    let Some(text) = text else { return };
    // Nested text requires additional quoting at each level, so more than two or three levels do
    // not occur in practice.
    if reading.depth >= DEEPEST {
        if let Some(argument) = eval
            && reading.is_started()
        {
            keep.note(reading.place.by(), Some(line), computed_eval(argument));
        }
    } else if !text.starts_with('-') {
        let inner = Reading {
            eval,
            base: line - 1,
            depth: reading.depth + 1,
            ..*reading
        };
        read_text(keep, &inner, &text);
    }
}

/// The argument of an `eval` that notes show: the first one that is computed.
fn eval_argument<'a>(reading: &Reading<'a>, words: &'a [ShellWord]) -> Option<&'a str> {
    let mut arguments = words.iter().skip(1);
    let computed = arguments.clone().find(|word| word.literal().is_none());
    let argument = computed.or_else(|| arguments.next())?.raw.as_str();
    // The placeholder means nothing to people.
    if argument.contains(command_texts::UNKNOWN) {
        reading.eval
    } else {
        Some(argument)
    }
}

fn computed_eval(argument: &str) -> String {
    format!("the command of `eval {argument}` is computed at run time")
}

/// A note about a computed word.
fn computed_word(reading: &Reading<'_>, what: &str, word: &ShellWord) -> String {
    match reading.eval {
        Some(argument) if word.raw.as_str().contains(command_texts::UNKNOWN) => {
            computed_eval(argument)
        }
        _ => format!("the {what} `{}` is computed at run time", word.raw),
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
        if is_named_by_caller(keep, place, path) {
            return;
        }
        // A script may repeat a pattern on every line.
        if !keep.globs.insert((place.by(), path.to_owned())) {
            return;
        }
        for name in keep.matching(path, place.by()) {
            let path = keep.tree().path(name);
            keep.keep_path(&path, place.by(), why.clone());
        }
    } else if let Some(name) = keep.keep_path(path.as_bytes(), place.by(), why.clone()) {
        keep_application(keep, name, place.by(), &why);
    }
}

/// Whether a pattern stands for one service, whose name is an argument of the script: `service
/// nginx start` starts `/etc/init.d/nginx`. A script of the user may start all of them.
fn is_named_by_caller(keep: &Keep<'_>, place: Place, pattern: &str) -> bool {
    let Some(script) = place.by() else {
        return false;
    };
    let is_distributions = matches!(
        keep.tree().path(keep.tree().parent(script)).as_slice(),
        b"/bin" | b"/sbin" | b"/usr/bin" | b"/usr/sbin"
    );
    is_distributions
        && !keep.graph.is_users(script)
        && matches!(pattern, "/etc/init.d/*" | "/etc/rc.d/init.d/*")
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
    let words: Vec<&str> = call.words.iter().filter_map(ShellWord::literal).collect();
    keep.learn_source(&words);
    // A value that is computed is still the value of its option.
    let all = known_words(call.words);
    if let Some((language, code)) = inline_code(&all) {
        keep_code(keep, place, language, code, line);
    }
    if let Some(program) = program_after_dashes(keep, &words) {
        keep_command(keep, place, program, line);
    }
    // Most executable texts in packages are started by nothing, or are no scripts at all.
    if let Place::File(script) = place {
        keep.learn_python(&words, script, line);
    }
    launchers::keep_launched(keep, place.by(), &words, &|word| {
        place.why(word, line, Why::command)
    });
    // `set -- redis-server "$@"` sets the command that `exec "$@"` starts. A script that checks for
    // a program takes another path if it is missing; but the presence of a package manager is not a
    // reason to keep it.
    let is_question = matches!(call.name, "command" | "type" | "hash" | "which");
    if is_question || call.name == "set" {
        for word in call
            .arguments()
            .iter()
            .filter_map(ShellWord::literal)
            .filter(|word| !word.starts_with('-'))
        {
            let file_name = file_name(word);
            if !(is_question && ProgramClass::PackageManager.contains(file_name)) {
                keep_program(keep, place, word, line);
            }
        }
    }
}

/// Keeps the programs that code of another language starts, which the script contains.
fn keep_code(keep: &mut Keep<'_>, place: Place, language: Language, code: &str, line: usize) {
    for word in programs_in_code(language, code) {
        keep_program(keep, place, word, line);
    }
}

/// The program in `wait-for-it.sh db:5432 -- app`. For a program that is no script, a file usually
/// follows the dashes: `grep -- x test`.
fn program_after_dashes<'a>(keep: &Keep<'_>, words: &[&'a str]) -> Option<&'a str> {
    let (first, arguments) = words.split_first()?;
    let dashes = arguments.iter().position(|word| *word == "--")?;
    let program = keep.programs.find_file(keep.view, first.as_bytes())?;
    if shebang::parse(&shebang::head(keep.view, program)).is_some() {
        arguments.get(dashes + 1).copied()
    } else {
        None
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

/// The text that `env -S` splits into a command.
fn env_text(words: &[&str]) -> Option<String> {
    let place = words
        .iter()
        .position(|word| word.starts_with("-S") || word.starts_with("--split-string"))?;
    let option = words[place];
    let attached = option
        .strip_prefix("-S")
        .or_else(|| option.strip_prefix("--split-string="));
    match attached {
        Some(text) if !text.is_empty() => Some(text.to_owned()),
        _ => words.get(place + 1).map(|&text| text.to_owned()),
    }
}

/// `run mysqld`, if `run` is a function that runs its arguments.
fn keep_function_program(
    keep: &mut Keep<'_>,
    place: Place,
    words: &[ShellWord],
    values: &Values,
    line: usize,
) {
    let name = words.first().and_then(ShellWord::literal);
    if let Some(from) = name.and_then(|name| values.functions().runs_from(name))
        && let Some(program) = words.get(from).and_then(ShellWord::literal)
    {
        keep_command(keep, place, program, line);
    }
}

/// Relative paths from the directories that the script has entered.
fn keep_in_directories(
    keep: &mut Keep<'_>,
    place: Place,
    words: &[ShellWord],
    directories: &[String],
    line: usize,
) {
    // Every word is looked for in each.
    const MOST: usize = 8;
    for (index, word) in words.iter().enumerate() {
        let Some(word) = word.literal() else { continue };
        // A name without a slash is a program only if it is on PATH.
        let is_path = !word.is_empty() && !word.starts_with(['/', '-']);
        if !is_path || (index == 0 && !word.contains('/')) {
            continue;
        }
        for directory in directories.iter().take(MOST) {
            let path = format!("{directory}/{word}");
            let resolved = keep.tree().resolve(path.as_bytes());
            if resolved.is_ok_and(|resolved| keep.is_file(resolved.name)) {
                let why = if index == 0 {
                    Why::command
                } else {
                    Why::mention
                };
                let why = place.why(word, line, why);
                keep.keep_path(path.as_bytes(), place.by(), why);
            }
        }
    }
}

/// Reads code that the script contains as here-documents: scripts that it writes, and the input of
/// shells and interpreters.
fn read_written(keep: &mut Keep<'_>, reading: &Reading<'_>, script: &ShellScript, text: &str) {
    // Each is searched for its end; a script that writes more is not one that people write.
    const MOST: usize = 64;
    let heredocs = script.redirections.iter();
    let heredocs = heredocs.filter(|redirection| redirection.operator.starts_with("<<"));
    for redirection in heredocs.take(MOST) {
        let name = redirection.target.as_ref().and_then(ShellWord::literal);
        let (Some(name), "<<" | "<<-") = (name, redirection.operator.as_str()) else {
            continue;
        };
        // The words of another shell's text have other places.
        let Some(rest) = text.get(redirection.span.end..) else {
            continue;
        };
        let Some((_, body)) = rest.split_once('\n') else {
            continue;
        };
        if reading.depth > 0 {
            continue;
        }
        let Some(code) = code_in_heredoc(script, redirection, body) else {
            continue;
        };
        let lines = body.lines().map(|line| line.trim_start_matches('\t'));
        let written: Vec<&str> = lines.take_while(|line| *line != name).collect();
        let start = text.len() - body.len();
        let base = reading.base + text[..start].matches('\n').count();
        let written = written.join("\n");
        if let Code::Other(language) = code {
            keep_code(keep, reading.place, language, &written, base + 1);
            continue;
        }
        let inner = Reading {
            base,
            depth: reading.depth + 1,
            ..*reading
        };
        read_text(keep, &inner, &written);
    }
}

/// Reads code that `echo` or `printf` passes to a shell: `echo 'gzip x' | sh`.
fn read_piped(keep: &mut Keep<'_>, reading: &Reading<'_>, script: &ShellScript, lines: &Lines) {
    // As many as here-documents.
    const MOST: usize = 64;
    if reading.depth > 0 {
        return;
    }
    let mut left = MOST;
    for pipeline in &script.pipelines {
        let [.., from, to] = pipeline.stages.as_slice() else {
            continue;
        };
        let (Some(from), Some(to)) = (script.commands.get(*from), script.commands.get(*to)) else {
            continue;
        };
        if let Some(text) = printed(from)
            && reads_code(to)
            && left > 0
        {
            left -= 1;
            let inner = Reading {
                base: lines.line(from.span.start) - 1,
                depth: reading.depth + 1,
                ..*reading
            };
            read_text(keep, &inner, &text);
        }
    }
}

/// The text that a command prints, if it is known.
fn printed(command: &SimpleCommand) -> Option<String> {
    let words: Option<Vec<&str>> = command.words.iter().map(ShellWord::literal).collect();
    let words = words?;
    let (program, arguments) = words.split_first()?;
    if !matches!(*program, "echo" | "printf") {
        return None;
    }
    Some(arguments.join(" ").replace("\\n", "\n"))
}

/// The words of a command, with a placeholder for each that has an expansion.
fn known_words(words: &[ShellWord]) -> Vec<&str> {
    words
        .iter()
        .map(|word| word.literal().unwrap_or("$"))
        .collect()
}

/// Whether a command is a shell that reads its input.
fn reads_code(command: &SimpleCommand) -> bool {
    let words = known_words(&command.words);
    let words = unwrapped(&words);
    words
        .split_first()
        .is_some_and(|(program, arguments)| is_shell(program) && is_input(arguments))
}

/// Whether a shell with these arguments reads its script from its input.
fn is_input(arguments: &[&str]) -> bool {
    let are_options = arguments
        .iter()
        .all(|word| word.starts_with('-') && *word != "-c");
    are_options || arguments.contains(&"-s")
}

/// The language of a here-document.
enum Code {
    Shell,
    Other(Language),
}

/// Files of a here-document that are looked for in all commands.
const MAX_WRITTEN: usize = 4;

/// The language of a here-document that is code: it begins with a `#!` line, a shell or an
/// interpreter reads it, or it is written to a file that the script then runs.
fn code_in_heredoc(script: &ShellScript, redirection: &Redirection, body: &str) -> Option<Code> {
    let head = shebang::parse(body.trim_start_matches('\t').as_bytes());
    if let Some(program) = head.map(|head| head.program_name()) {
        if ProgramClass::PosixShell.contains(&program) {
            return Some(Code::Shell);
        }
        return language_of_interpreter(&program).map(|script| Code::Other(script.language));
    }
    let index = redirection.command?;
    let command = script.commands.get(index)?;
    // A word with an expansion is an argument, perhaps the script that is run.
    let words = known_words(&command.words);
    let words = unwrapped(&words);
    let (program, arguments) = words.split_first()?;
    if is_shell(program) {
        return if is_input(arguments) {
            Some(Code::Shell)
        } else {
            None
        };
    }
    if let Some(language) = language_of_input(words) {
        return Some(Code::Other(language));
    }
    let is_run = written_files(script, index, arguments)
        .iter()
        .take(MAX_WRITTEN)
        .any(|file| runs_as_shell(script, file));
    if is_run { Some(Code::Shell) } else { None }
}

/// The files that a command writes its input to: `cat >/tmp/job`, `tee /tmp/job`.
fn written_files<'a>(
    script: &'a ShellScript,
    command: usize,
    arguments: &[&'a str],
) -> Vec<&'a str> {
    let mut files: Vec<&str> = Vec::new();
    for redirection in &script.redirections {
        if redirection.command == Some(command) && matches!(&*redirection.operator, ">" | ">>") {
            files.extend(redirection.target.as_ref().and_then(ShellWord::literal));
        }
    }
    files.extend(arguments.iter().filter(|word| word.contains('/')));
    files
}

/// Whether a script runs a file as a script of the shell: `sh /tmp/job`, `. /tmp/job`.
fn runs_as_shell(script: &ShellScript, file: &str) -> bool {
    script.commands.iter().any(|command| {
        let mut words = command.words.iter().filter_map(ShellWord::literal);
        let first = words.next();
        let runs = first.is_some_and(|first| is_shell(first) || matches!(first, "." | "source"));
        runs && words.any(|word| word == file)
    })
}

/// Notes commands whose programs are not known: `exec "$command"`, `eval …`. The arguments of the
/// script are the business of who calls it.
fn note_computed(
    keep: &mut Keep<'_>,
    reading: &Reading<'_>,
    script: &ShellScript,
    lines: &Lines,
    values: &Values,
) {
    let place = reading.place;
    let last = last_exec(script);
    for (command, word) in script.computed_programs() {
        // `"$@"` runs the arguments of the script, which the image names in CMD.
        if word.parts.iter().all(is_argument) {
            continue;
        }
        let line = lines.line(script.commands[command].span.start);
        let text = computed_word(reading, "command", word);
        let programs = computed::possible_programs(keep, values, word);
        computed::note(keep, place.by(), line, text, programs);
        let is_given = word.parts.iter().any(|part| values.is_argument(part));
        if let Place::File(name) = place
            && last == Some(command)
            && !is_given
            // An `eval` of an entry point often only expands variables in the command of the image.
            && !word.raw.as_str().contains(command_texts::UNKNOWN)
            && is_entry_point(keep, name)
            && !names_program(keep, &script.commands[command].words, word.span)
        {
            keep.unknown_program
                .get_or_insert((name, line, word.raw.to_string()));
        }
    }
}

/// The last command of a script, if it is an `exec` that always runs.
fn last_exec(script: &ShellScript) -> Option<usize> {
    let is_own = |&(_, simple): &(usize, &SimpleCommand)| !simple.position.subshell;
    let commands = script.commands.iter().enumerate().filter(is_own);
    // Variants of a command follow all other commands and share its position; the first one is the
    // command itself.
    let (index, simple) = commands.rev().max_by_key(|(_, simple)| simple.span.start)?;
    let name = simple.words.first().and_then(ShellWord::literal);
    if name == Some("exec") && !simple.position.conditional {
        Some(index)
    } else {
        None
    }
}

/// `exec $PREFIX program`: the variable is often empty.
fn names_program(keep: &Keep<'_>, words: &[ShellWord], computed: Span) -> bool {
    let behind = words.iter().filter(|word| word.span.start >= computed.end);
    let mut names = behind.filter_map(ShellWord::literal);
    names.any(|name| keep.programs.find(keep.view, name.as_bytes()).is_some())
}

fn is_entry_point(keep: &Keep<'_>, name: NameId) -> bool {
    let mut reasons = keep.graph.reasons(name).iter();
    reasons.any(|reason| match &reason.why {
        Why::Root(root) => matches!(root, Root::Program(_)),
        // The entry point may be a symlink to the script.
        Why::Target => reason.by.is_some_and(|by| {
            let mut reasons = keep.graph.reasons(by).iter();
            reasons.any(|reason| matches!(reason.why, Why::Root(Root::Program(_))))
        }),
        _ => false,
    })
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
    let mut seen = HashSet::new();
    for (number, line) in text.lines().enumerate() {
        // Comments are not run.
        if line.trim_start().starts_with('#') {
            continue;
        }
        for path in absolute_paths(line) {
            // A script may name the same directory on every line.
            if !seen.insert(path) {
                continue;
            }
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
            if reading.is_started() {
                let text = computed_word(reading, "included file", file);
                let files = computed::possible_files(keep, file);
                computed::note(keep, place.by(), line, text, files);
            }
            continue;
        };
        if let Some(path) = included_path(keep, word)
            && let Some(name) =
                keep.keep_path(&path, place.by(), place.why(word, line, Why::include))
        {
            let values = values.within(script_paths(keep, name));
            let included = match place {
                Place::Unstarted(_) => Place::Unstarted(name),
                _ => Place::File(name),
            };
            read_included(keep, included, &values, includes + 1);
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
    // Only bash's `source` also looks in the working directory, and only if PATH has no such file.
    if !word.contains('/') {
        return keep.programs.find_script(keep.tree(), word.as_bytes());
    }
    let path = keep.programs.absolute(word.as_bytes());
    let resolved = keep.tree().resolve(&path).ok()?;
    if keep.is_file(resolved.name) {
        Some(path)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_continues_another_word_is_not_absolute() {
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
    fn a_shell_reads_a_script_up_to_its_other_language_or_an_archive() {
        let tcl = "#!/bin/sh\n# \\\nexec tclsh \"$0\" ${1+\"$@\"}\nproc x {} {}\n";
        assert!(shell_part(tcl).ends_with("${1+\"$@\"}\n"));
        let installer = "#!/bin/sh\ntail -n +4 \"$0\" | tar x\nexit\nPK\u{3}\0\n";
        assert!(shell_part(installer).ends_with("\nexit"));
        let shell = "#!/bin/sh\nexec \"$0\" again\nexec python3 x\n";
        assert_eq!(shell_part(shell), shell);
    }

    #[test]
    fn a_line_starts_after_the_previous_line_break() {
        let lines = Lines::of("a\nb\n\nc", 0);
        assert_eq!(
            [0, 1, 2, 3, 4, 5].map(|offset| lines.line(offset)),
            [1, 1, 2, 2, 3, 4]
        );
    }
}
