//! Calls in source code that start programs, and the string that names the program.

use std::collections::BTreeSet;

use crate::knowledge::{Language, ProgramStarters, program_starters, wrapper};
use crate::slim::modules::node::leftovers::requests;

/// The longest distance between the start of a call and the name of the program.
const CLOSE: usize = 160;
/// Calls before a string that are looked at. They are seldom nested.
const MAX_NESTED: usize = 3;

/// The calls in a source that start programs.
pub(super) struct Calls<'t> {
    text: &'t str,
    /// Where they start, in order.
    places: Vec<usize>,
    /// Whether a string in backticks is a command.
    has_backticks: bool,
}

impl<'t> Calls<'t> {
    pub(super) fn find(text: &'t str, starters: &ProgramStarters) -> Self {
        let mut places = Vec::new();
        for (at, word) in starters.find(text) {
            // A string in backticks is a call by itself; `import subprocess` and `"executed"`
            // start nothing.
            if word != "`" && is_call(word, &text[at + word.len()..]) && !is_comment(text, at) {
                places.push(at);
            }
        }
        places.sort_unstable();
        places.dedup();
        Self {
            text,
            places,
            has_backticks: starters.texts.iter().any(|starter| starter == "`"),
        }
    }

    /// Whether the string at a place names the program that a call starts.
    pub(super) fn start(&self, at: usize) -> bool {
        if self.has_backticks && self.text[at..].starts_with('`') {
            return !is_comment(self.text, at);
        }
        let end = self.places.partition_point(|&call| call < at);
        let mut before = self.places[..end].iter().rev().take(MAX_NESTED);
        before.any(|&call| at - call < CLOSE && is_first_string(&self.text[call..at]))
    }
}

/// Whether a source starts programs, given the places of `starters` in it.
pub(super) fn starts_programs(
    starters: &ProgramStarters,
    text: &str,
    found: &[(usize, &str)],
) -> bool {
    let mut places = found
        .iter()
        .filter(|(_, word)| is_among(&starters.texts, word))
        .peekable();
    if starters.modules.is_empty() || places.peek().is_none() {
        return places.next().is_some();
    }
    // The word may be one of a language, or a part of a name: a highlighter of syntax has a list
    // of them, and a minifier makes them up.
    let mut requests = requests(text).peekable();
    let requests_any = requests.peek().is_some();
    let separators = ['/', ':', '-', '.', '@'];
    requests.any(|request| {
        let mut words = request.split(separators);
        words.any(|word| is_among(&starters.modules, word))
    }) || places.any(|&(at, word)| {
        let before = &text[..at];
        let is_global = before.ends_with("Bun.");
        let is_name = before.ends_with(|char: char| char.is_alphanumeric() || char == '_');
        (requests_any || is_global) && !is_name && is_call(word, &text[at + word.len()..])
    })
}

/// Whether an argument, or the rest of the name and an argument, follow a word: `.run(` follows
/// `subprocess`.
fn is_call(word: &str, rest: &str) -> bool {
    if word.ends_with('(') {
        return true;
    }
    // A name may be as long as the text.
    let rest = &rest.as_bytes()[..rest.len().min(CLOSE)];
    let mut bytes = rest.iter();
    let Some(end) = bytes.position(|byte| !byte.is_ascii_alphanumeric() && !b"_.:".contains(byte))
    else {
        return false;
    };
    let (name, arguments) = rest.split_at(end);
    if matches!(arguments[0], b'(' | b'[') {
        return true;
    }
    // Prose such as `executed (see 'git')`, as opposed to a call without parentheses, such as
    // `Open3.capture2 'git'`.
    let is_whole = name.first().is_none_or(|byte| b".:".contains(byte));
    let argument = arguments.iter().find(|&&byte| byte != b' ');
    is_whole && arguments[0] == b' ' && argument.is_some_and(|byte| b"([\'\"".contains(byte))
}

/// Whether a place is in a line that only has a comment.
fn is_comment(text: &str, at: usize) -> bool {
    // A line may be as long as the text.
    let window = at.saturating_sub(CLOSE);
    let before = &text.as_bytes()[window..at];
    let start = match before.iter().rposition(|&byte| byte == b'\n') {
        Some(end) => end + 1,
        None if window == 0 => 0,
        None => return false,
    };
    let line = before[start..].trim_ascii_start();
    line.starts_with(b"#") || line.starts_with(b"*") || line.starts_with(b"//")
}

/// Whether a call that starts with this text goes on after it and has no string before, except the
/// name of a program that starts another: `run(['nice', 'ffmpeg'])`.
fn is_first_string(call: &str) -> bool {
    let mut depth = 0_usize;
    for byte in call.bytes() {
        match byte {
            b'(' => depth += 1,
            b')' if depth == 1 => return false,
            b')' => depth = depth.saturating_sub(1),
            b'\n' | b';' if depth == 0 => return false,
            _ => {}
        }
    }
    let mut words = strings(call).map(|(_, word)| word);
    match words.next() {
        None => true,
        // Perl opens a pipe to a program: `open($pipe, '-|', 'git')`.
        Some("-|" | "|-") => words.next().is_none(),
        Some(first) if wrapper(first).is_some() => {
            words.all(|word| word.starts_with('-') || wrapper(word).is_some())
        }
        Some(_) => false,
    }
}

/// Strings in quotes, none longer than its line, with their places.
pub(super) fn strings(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let open = at + memchr::memchr3(b'\'', b'"', b'`', text.as_bytes().get(at..)?)?;
            let quote = text.as_bytes()[open];
            let rest = &text[open + 1..];
            // An unclosed quote is not a string.
            let Some(close) = memchr::memchr2(quote, b'\n', rest.as_bytes()) else {
                at = open + 1;
                continue;
            };
            at = open + 1 + close + 1;
            if rest.as_bytes()[close] == quote {
                return Some((open, &rest[..close]));
            }
            // An apostrophe: there may be a string after it.
            at = open + 1;
        }
    })
}

/// The words in code that name programs, if it starts programs: `date` in
/// `python3 -c 'os.system("date -u")'`. A shell is one of them if a call starts one.
pub(in crate::slim) fn programs_in_code(language: Language, code: &str) -> BTreeSet<&str> {
    let starters = program_starters(language);
    let mut programs = BTreeSet::new();
    let found = starters.find(code);
    if !starts_programs(starters, code, &found) {
        return programs;
    }
    if found
        .iter()
        .any(|(_, text)| is_among(&starters.shell, text))
    {
        programs.insert("sh");
    }
    for (_, literal) in strings(code) {
        programs.extend(command_words(literal));
    }
    programs
}

pub(super) fn is_among(texts: &[String], text: &str) -> bool {
    texts.iter().any(|known| known == text)
}

/// The commands that calls in the code of a package start, as in `subprocess.run(['git', 'init'])`.
pub(in crate::slim) fn commands_in_package(language: Language, code: &str) -> BTreeSet<String> {
    let calls = Calls::find(code, program_starters(language));
    let mut commands = BTreeSet::new();
    for (at, literal) in strings(code) {
        if calls.start(at) {
            commands.insert(literal.to_owned());
        }
    }
    commands
}

/// The words in command position of a string: at its start, and after `|`, `;` and `&&`.
pub(super) fn command_words(literal: &str) -> impl Iterator<Item = &str> {
    literal
        .split(['|', ';', '&', '\n'])
        .filter_map(|part| part.split_whitespace().next())
        .filter(|word| is_command_name(word))
}

fn is_command_name(word: &str) -> bool {
    word.len() > 1
        && word
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._/+-".contains(&byte))
}

/// The program of a command: the string itself, or its first word if an option follows.
pub(super) fn program_of(text: &str) -> Option<&str> {
    let mut words = text.split_whitespace();
    let program = words.next()?;
    if words.next().is_none_or(|word| word.starts_with('-')) {
        Some(program)
    } else {
        None
    }
}

/// A text up to the end of its line, but at most this many bytes.
pub(super) fn start_of_line(text: &str, longest: usize) -> &str {
    let mut end = text.len().min(longest);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].lines().next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The strings in a source of a package that name programs.
    fn programs(language: Language, text: &str) -> Vec<&str> {
        let calls = Calls::find(text, program_starters(language));
        let mut programs = Vec::new();
        for (at, literal) in strings(text) {
            if calls.start(at) {
                programs.push(literal);
            }
        }
        programs
    }

    #[test]
    fn only_the_first_string_in_a_call_names_a_program() {
        let text = "import subprocess\nx = 'import'\nsubprocess.run(\n    ['git', 'init'])\n\
                    if os.system(f'which {x}') == 0: return 'vi'\n\
                    subprocess.call([p, '-c', 'import x'])";
        let found = programs(Language::Python, text);
        assert_eq!(found, ["git", "which {x}", "-c"]);
    }

    #[test]
    fn a_program_after_a_wrapper_is_started_too() {
        let text = "subprocess.run(['nice', '-n', 'ffmpeg', 'file'])";
        let found = programs(Language::Python, text);
        assert_eq!(found, ["nice", "-n", "ffmpeg"]);
    }

    #[test]
    fn comments_and_keywords_start_no_programs() {
        let text = "# * `display`\nwhen 'display'\nsystem 'git', 'init'\n`id`.split('join')\n\
                    Open3.capture2('date')\nexecuted 'sort'\n";
        let found = programs(Language::Ruby, text);
        assert_eq!(found, ["git", "id", "date"]);
    }

    #[test]
    fn calls_in_other_languages_are_recognized() {
        let perl = "IPC::Open2::open2($in, 'git', @_);\nopen($p, '-|', 'date', 'x');\n\
                    commands can be executed outside (e.g. 'init')";
        assert_eq!(programs(Language::Perl, perl), ["git", "-|", "date"]);
        let node = "const cp = require('child_process'), x = 'test'\ncp.execFile('git', ['link'])\n\
                    require('child_process').exec('id')";
        assert_eq!(programs(Language::Node, node), ["git", "id"]);
        let php = "exec('sort'); $x = 'time'; proc_open(['date'], $y);";
        assert_eq!(programs(Language::Php, php), ["sort", "date"]);
    }

    #[test]
    fn strings_in_code_are_programs_if_the_code_starts_programs() {
        let programs = |language, code| {
            let programs = programs_in_code(language, code);
            programs.into_iter().collect::<Vec<_>>()
        };
        assert_eq!(
            programs(Language::Python, "import os; os.system('date -u | sort')"),
            ["date", "sh", "sort"]
        );
        assert_eq!(
            programs(Language::Other, "{ print $1 | \"sort\" }"),
            ["sort"]
        );
        assert_eq!(
            programs(Language::Other, "{ print \"sort\" }"),
            Vec::<&str>::new()
        );
        assert_eq!(programs(Language::Ruby, "`date`"), ["date", "sh"]);
    }

    #[test]
    fn code_for_browsers_starts_no_programs() {
        let starts = |text: &str| {
            let starters = program_starters(Language::Node);
            starts_programs(starters, text, &starters.find(text))
        };
        for text in [
            "const { exec } = require('child_process')",
            "import { spawn as s } from \"node:child_process\"",
            "import { $ } from 'zx'",
            "const spawn = require('cross-spawn')",
            "const cp = await import('execa')",
            "const { spawn } = require('./start'); spawn('git')",
            "Bun.spawn(['git'])",
        ] {
            assert!(starts(text), "{text}");
        }
        for text in [
            "hljs.registerLanguage('x', e => ({ keyword: 'if spawn mount', a: /x/.exec(e) }))",
            "(self.webpackChunk = self.webpackChunk || []).push([[1], { 2: (e, t, n) => { const zx \
             = n(3); /a/.exec('sh') } }])",
            "var e = { zx: 'mount', execa: 1 }",
            "import r from './vendor.js'; const words = ['spawn', 'mount']",
            "import { score } from 'zxcvbn'; const commands = ['mount']",
            "class Game { start() { this.spawn('mount') } }",
        ] {
            assert!(!starts(text), "{text}");
        }
    }

    #[test]
    fn a_command_is_a_program_or_has_options() {
        assert_eq!(program_of("pandoc"), Some("pandoc"));
        assert_eq!(program_of("pandoc -o x"), Some("pandoc"));
        assert_eq!(program_of("pandoc is missing"), None);
    }

    #[test]
    fn command_words_are_found_at_the_start_and_after_operators() {
        let words = |literal| command_words(literal).collect::<Vec<_>>();
        assert_eq!(
            words("gzip -c x | sort; true && /usr/bin/id"),
            ["gzip", "sort", "true", "/usr/bin/id"]
        );
        assert_eq!(words("%s no"), Vec::<&str>::new());
    }
}
