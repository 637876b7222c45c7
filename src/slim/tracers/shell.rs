//! Shell scripts: the commands they call, the files they include, the paths they mention.
//!
//! Variables with constant values are followed; a command whose name is computed otherwise is a
//! note. `"$@"` is none, for the arguments of the entry point are roots themselves.

mod expand;
pub(super) mod globs;
mod values;

use std::collections::HashSet;

use crate::dockerfile::shell::{self, Call, ShellPart, ShellScript, ShellWord};
use crate::image::{Kind, NameId, Tree};
use crate::knowledge::ProgramClass;
use crate::slim::plan::changes_packages;
use crate::slim::roots::command::keep_application;
use crate::slim::roots::keep_below;
use crate::slim::trace::Trace;
use crate::slim::why::{Field, Root, Why};
use crate::source::Span;

use self::values::Values;
use super::shebang;

/// What shells do themselves, though programs of these names exist.
const BUILTINS: &[&str] = &[
    ".", ":", "[", "alias", "bg", "break", "cd", "command", "continue", "echo", "eval", "exec",
    "exit", "export", "false", "fg", "getopts", "hash", "jobs", "kill", "local", "printf", "pwd",
    "read", "readonly", "return", "set", "shift", "source", "test", "times", "trap", "true",
    "type", "ulimit", "umask", "unalias", "unset", "wait",
];

/// Longer texts are data with a script in front: installers that carry an archive.
const MAX_SCRIPT: usize = 4 << 20;

/// How many files may include each other in turn. Each has a copy of what variables are known.
const MAX_INCLUDES: usize = 16;

/// Whether a word is a shell's name, or the path of one.
pub(in crate::slim) fn is_shell(word: &str) -> bool {
    ProgramClass::PosixShell.contains(word.rsplit('/').next().unwrap_or_default())
}

/// Whether a name in the tree is that of a shell: a file, or a link.
pub(in crate::slim) fn is_shell_file(tree: &Tree, name: NameId) -> bool {
    let is_program = match &tree.inode(name).kind {
        Kind::File(_) => tree.inode(name).header.mode & 0o111 != 0,
        Kind::Symlink { .. } => true,
        _ => false,
    };
    is_program && ProgramClass::PosixShell.contains(tree.file_name(name))
}

/// Where a script stands, and so who gives its reasons.
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

fn command(word: String, line: usize) -> Why {
    Why::Command { word, line }
}

fn mention(word: String, line: usize) -> Why {
    Why::Mention { word, line }
}

fn include(word: String, line: usize) -> Why {
    Why::Include { word, line }
}

pub(super) fn trace(trace: &mut Trace<'_>, name: NameId) {
    if trace.is_file(name) && is_script(trace, name) {
        read_file(trace, name);
    }
}

/// A text with a shell's `#!`; or without any but called `.sh`; or one that can be executed, of
/// which the kernel knows nothing: then a shell takes it for a script.
fn is_script(trace: &Trace<'_>, name: NameId) -> bool {
    const LOOKED_AT: usize = 512;
    let bytes = trace.view.head(trace.tree().inode_id(name), LOOKED_AT);
    if bytes.starts_with(b"#!") {
        let program = shebang::parse(&bytes)
            .map(|shebang| shebang.program_name())
            .unwrap_or_default();
        return ProgramClass::PosixShell.contains(program);
    }
    let is_text = !bytes.is_empty() && !bytes.contains(&0) && std::str::from_utf8(&bytes).is_ok();
    let inode = trace.tree().inode(name);
    is_text && (trace.tree().file_name(name).ends_with(b".sh") || inode.header.mode & 0o111 != 0)
}

fn read_file(trace: &mut Trace<'_>, name: NameId) {
    let values = Values::new(&trace.view.image.config, script_paths(trace, name));
    read_included(trace, name, &values, 0);
}

/// The names under which a script may be started, as `$0` says them: its own, and those of the
/// links that brought it.
fn script_paths(trace: &Trace<'_>, name: NameId) -> Vec<String> {
    const MOST: usize = 8;
    let mut names = vec![name];
    let mut at = 0;
    while let Some(&name) = names.get(at).filter(|_| names.len() < MOST) {
        let links = trace
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
        .filter_map(|name| String::from_utf8(trace.tree().path(name)).ok())
        .collect()
}

/// Reads a file that another one includes, with what variables have there.
fn read_included(trace: &mut Trace<'_>, name: NameId, values: &Values, includes: usize) {
    if !trace.scripts.insert(name) {
        return;
    }
    if includes > MAX_INCLUDES {
        let text = format!("included through {MAX_INCLUDES} other files: it is not analyzed");
        return trace.note(Some(name), None, text);
    }
    let Some(bytes) = trace.view.bytes(name) else {
        return;
    };
    if bytes.len() > MAX_SCRIPT {
        return trace.note(Some(name), None, "a script too long to be read".to_owned());
    }
    let text = String::from_utf8_lossy(&bytes);
    read_text(
        trace,
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

/// Reads the shell text of a field of the configuration.
pub(in crate::slim) fn keep_text(trace: &mut Trace<'_>, field: Field, text: &str) {
    let values = Values::new(&trace.view.image.config, Vec::new());
    read_text(
        trace,
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

/// Reads shell text that a file holds which is no script: a command of a `package.json`.
pub(super) fn keep_text_of(trace: &mut Trace<'_>, file: NameId, line: usize, text: &str) {
    let values = Values::new(&trace.view.image.config, Vec::new());
    read_text(
        trace,
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

/// What is known of a text before it is read.
struct Reading<'a> {
    place: Place,
    values: &'a Values,
    /// Lines before the text in its file.
    base: usize,
    /// How many texts this one is inside of: `trap 'eval "…"' EXIT`.
    depth: usize,
    /// How many files include each other on the way to this one.
    includes: usize,
}

fn read_text(trace: &mut Trace<'_>, reading: &Reading<'_>, text: &str) {
    let place = reading.place;
    if !trace.effort.scripts.spend(text.len()) {
        let text = "too many shell scripts in the image: this one is not analyzed".to_owned();
        return trace.note(place.by(), None, text);
    }
    let mut script = shell::parse_text(text);
    let lines = Lines::of(text, reading.base);
    for part in &script.unread {
        let text = format!("{}: this part of the script is not analyzed", part.reason);
        trace.note(place.by(), Some(lines.line(part.span.start)), text);
    }
    let unread: HashSet<Span> = script.unread.iter().map(|part| part.span).collect();
    for error in &script.errors {
        if !unread.contains(error) {
            trace.note(
                place.by(),
                Some(lines.line(error.start)),
                "the script cannot be read here".to_owned(),
            );
        }
    }
    let mut values = reading.values.clone();
    values.allow_for(text);
    values.learn(&script, text);
    learn_included(trace, &script, &mut values);
    values.learn(&script, text);
    let expanded = expand::expand(&mut script, &values);
    if values.is_exhausted() {
        let text = "too many values to follow: some variables are not known".to_owned();
        trace.note(place.by(), None, text);
    }
    let mut is_known = vec![false; script.commands.len()];
    for call in script.calls() {
        is_known[call.command] = true;
        keep_call(
            trace,
            place,
            &call,
            lines.line(script.commands[call.command].span.start),
        );
    }
    for (simple, is_known) in script.commands.iter().zip(is_known) {
        let line = lines.line(simple.span.start);
        if !is_known {
            keep_words(trace, place, &simple.words, line);
        }
        note_unknown(trace, place, &simple.words, line);
        for word in simple.words.iter().skip(1) {
            keep_relative(trace, place, word, lines.line(word.span.start));
        }
        read_argument(trace, reading, &simple.words, line);
    }
    keep_mentions(trace, place, text, reading.base);
    for (offset, path) in expanded {
        keep_path_or_glob(trace, place, &path, lines.line(offset));
    }
    keep_included(trace, reading, &script, &lines, &values);
}

/// What files that are included assign is known too.
fn learn_included(trace: &mut Trace<'_>, script: &ShellScript, values: &mut Values) {
    let mut learned = HashSet::new();
    for simple in &script.commands {
        let [first, file, ..] = simple.words.as_slice() else {
            continue;
        };
        if !matches!(first.literal(), Some("." | "source")) {
            continue;
        }
        for path in values.expand(&file.raw).unwrap_or_default() {
            let Ok(resolved) = trace
                .tree()
                .resolve(&trace.programs.absolute(path.as_bytes()))
            else {
                continue;
            };
            // A script may include a file in every line.
            if !learned.insert(resolved.name) {
                continue;
            }
            let Some(bytes) = trace.view.bytes(resolved.name) else {
                continue;
            };
            if bytes.len() <= MAX_SCRIPT && trace.effort.scripts.spend(bytes.len()) {
                let text = String::from_utf8_lossy(&bytes);
                values.learn(&shell::parse_text(&text), &text);
            }
        }
    }
}

/// Text that a command takes as its argument: `trap 'rm -f x' EXIT`, `eval "a b"`; and the
/// directory of `run-parts`.
fn read_argument(trace: &mut Trace<'_>, reading: &Reading<'_>, words: &[ShellWord], line: usize) {
    const DEEPEST: usize = 4;
    let Some(first) = words.first().and_then(ShellWord::literal) else {
        return;
    };
    let known: Option<Vec<&str>> = words[1..].iter().map(ShellWord::literal).collect();
    let text = match (first, known) {
        ("trap", _) => words.get(1).and_then(ShellWord::literal).map(str::to_owned),
        ("eval", Some(words)) => Some(words.join(" ")),
        ("run-parts", Some(words)) => {
            for word in words.iter().filter(|word| word.starts_with('/')) {
                let why = reading.place.why(word, line, mention);
                if let Some(name) =
                    trace.keep_path(word.as_bytes(), reading.place.by(), why.clone())
                {
                    keep_below(trace, name, reading.place.by(), &why);
                }
            }
            None
        }
        _ => None,
    };
    if let Some(text) = text.filter(|text| reading.depth < DEEPEST && !text.starts_with('-')) {
        let inner = Reading {
            base: line - 1,
            depth: reading.depth + 1,
            ..*reading
        };
        read_text(trace, &inner, &text);
    }
}

/// A path that is known once variables are, or what a pattern matches.
fn keep_path_or_glob(trace: &mut Trace<'_>, place: Place, path: &str, line: usize) {
    let why = place.why(path, line, mention);
    if globs::is_pattern(path) {
        for name in globs::matches(trace.tree(), path) {
            let path = trace.tree().path(name);
            trace.keep_path(&path, place.by(), why.clone());
        }
    } else if let Some(name) = trace.keep_path(path.as_bytes(), place.by(), why.clone()) {
        keep_application(trace, name, place.by(), &why);
    }
}

/// The program that is called, and those that call it for the script.
fn keep_call(trace: &mut Trace<'_>, place: Place, call: &Call<'_>, line: usize) {
    for wrapper in &call.via {
        keep_command(trace, place, wrapper, line);
    }
    let Some(word) = call.words.first().and_then(ShellWord::literal) else {
        return;
    };
    // `exec echo` and `xargs echo` start the program.
    let by_shell = call
        .via
        .iter()
        .all(|via| matches!(*via, "command" | "builtin"));
    if !(by_shell && BUILTINS.contains(&word)) {
        keep_program(trace, place, word, line);
    }
    // `set -- redis-server "$@"` makes the command that `exec "$@"` starts. Whoever asks for a
    // program goes another way where it is gone; but that there is a package manager is no reason
    // to have one.
    let is_question = matches!(call.name, "command" | "type" | "hash" | "which");
    if is_question || call.name == "set" {
        for word in call
            .arguments()
            .iter()
            .filter_map(ShellWord::literal)
            .filter(|word| !word.starts_with('-'))
        {
            let file_name = word.rsplit('/').next().unwrap_or_default();
            if !(is_question && changes_packages(file_name.as_bytes())) {
                keep_program(trace, place, word, line);
            }
        }
    }
}

fn keep_command(trace: &mut Trace<'_>, place: Place, word: &str, line: usize) {
    if !BUILTINS.contains(&word) {
        keep_program(trace, place, word, line);
    }
}

/// `exec gosu app "$@"`: what is run in the end is not known, but what runs it is among the words.
fn keep_words(trace: &mut Trace<'_>, place: Place, words: &[ShellWord], line: usize) {
    for word in words
        .iter()
        .filter_map(ShellWord::literal)
        .filter(|word| !word.starts_with('-'))
    {
        keep_command(trace, place, word, line);
    }
}

/// What is not there is a function, a builtin, or missing before too.
fn keep_program(trace: &mut Trace<'_>, place: Place, word: &str, line: usize) {
    if let Some(path) = trace.programs.find(trace.view, word.as_bytes()) {
        trace.keep_path(&path, place.by(), place.why(word, line, command));
    }
}

/// `exec "$command"`, `eval …`. The arguments of the script are the business of who calls it.
fn note_unknown(trace: &mut Trace<'_>, place: Place, words: &[ShellWord], line: usize) {
    let Some(word) = words.first() else { return };
    let is_arguments = |part: &ShellPart| matches!(part, ShellPart::Variable { name, .. } if name == "@" || name == "*");
    match word.literal() {
        Some("eval") if words[1..].iter().any(|word| word.literal().is_none()) => {
            trace.note(
                place.by(),
                Some(line),
                "what `eval` runs is not known".to_owned(),
            );
        }
        None if !word.parts.iter().all(is_arguments) => {
            let text = format!("the command `{}` is not known before it runs", word.raw);
            trace.note(place.by(), Some(line), text);
        }
        _ => {}
    }
}

/// A file that a word names from the working directory on: `node server.js`.
fn keep_relative(trace: &mut Trace<'_>, place: Place, word: &ShellWord, line: usize) {
    let Some(word) = word
        .literal()
        .filter(|word| !word.is_empty() && !word.starts_with(['/', '-']))
    else {
        return;
    };
    let path = trace.programs.absolute(word.as_bytes());
    if trace
        .tree()
        .resolve(&path)
        .is_ok_and(|resolved| trace.is_file(resolved.name))
    {
        trace.keep_path(&path, place.by(), place.why(word, line, mention));
    }
}

/// Absolute paths that are there, wherever they stand in the text but in a comment line: words,
/// redirections, lists of `for`, here-documents. Of a directory only what is the application's own
/// is kept with it.
fn keep_mentions(trace: &mut Trace<'_>, place: Place, text: &str, base: usize) {
    for (number, line) in text.lines().enumerate() {
        if line.trim_start().starts_with('#') {
            continue;
        }
        for path in absolute_paths(line) {
            let why = place.why(path, base + number + 1, mention);
            if let Some(name) = trace.keep_path(path.as_bytes(), place.by(), why.clone()) {
                keep_application(trace, name, place.by(), &why);
            }
        }
    }
}

/// What in a line looks like a path from the root on, and does not go on from something else:
/// `$ROOT/etc` has none.
fn absolute_paths(line: &str) -> impl Iterator<Item = &str> {
    let starts = |&at: &usize| {
        let before = at.checked_sub(1).map(|before| line.as_bytes()[before]);
        before.is_none_or(|before| !is_path_byte(before) && !b"$})]*?`\\".contains(&before))
    };
    memchr::memchr_iter(b'/', line.as_bytes())
        .filter(starts)
        .filter_map(move |start| {
            let rest = &line[start..];
            let end = rest
                .bytes()
                .position(|byte| !is_path_byte(byte))
                .unwrap_or(rest.len());
            let path = rest[..end].trim_end_matches(['.', '/']);
            // `https://host`.
            (path.len() > 1 && !path.starts_with("//")).then_some(path)
        })
}

fn is_path_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"._/+-@%~".contains(&byte) || !byte.is_ascii()
}

/// `. file` and `source file`: a name without a slash is looked for in PATH.
fn keep_included(
    trace: &mut Trace<'_>,
    reading: &Reading<'_>,
    script: &ShellScript,
    lines: &Lines,
    values: &Values,
) {
    let Reading {
        place, includes, ..
    } = *reading;
    for simple in &script.commands {
        let [first, file, ..] = simple.words.as_slice() else {
            continue;
        };
        if !matches!(first.literal(), Some("." | "source")) {
            continue;
        }
        let line = lines.line(simple.span.start);
        let Some(word) = file.literal() else {
            trace.note(
                place.by(),
                Some(line),
                format!("the file `{}` that is included is not known", file.raw),
            );
            continue;
        };
        let in_path = |directory: &Vec<u8>| [directory, &b"/"[..], word.as_bytes()].concat();
        let candidates: Vec<Vec<u8>> = if word.contains('/') {
            vec![trace.programs.absolute(word.as_bytes())]
        } else {
            trace.programs.path().iter().map(in_path).collect()
        };
        let is_file = |path: &&Vec<u8>| {
            trace
                .tree()
                .resolve(path)
                .is_ok_and(|resolved| trace.is_file(resolved.name))
        };
        if let Some(path) = candidates.iter().find(is_file)
            && let Some(name) = trace.keep_path(path, place.by(), place.why(word, line, include))
        {
            let values = values.within(script_paths(trace, name));
            read_included(trace, name, &values, includes + 1);
        }
    }
}

/// Where the lines of a text begin.
pub(super) struct Lines {
    starts: Vec<usize>,
    /// Lines before the text.
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

    /// The number of the line that a byte is on, from 1.
    pub(super) fn line(&self, offset: usize) -> usize {
        self.base + self.starts.partition_point(|&start| start <= offset) + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absolute_paths_do_not_go_on_from_something_else() {
        let paths = |line| absolute_paths(line).collect::<Vec<_>>();
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
