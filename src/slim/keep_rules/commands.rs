//! Program names in the strings of an ELF file: whole strings, and words in command position of
//! strings that a shell could run.

use std::collections::BTreeSet;

use crate::elf::{Elf, referred_texts, shell_texts};
use crate::knowledge::unwrapped;

/// Maximum length of a program name in bytes; real ones are shorter.
const LONGEST_NAME: usize = 40;
/// Maximum length of a path to a program in a command.
const LONGEST_PATH: usize = 200;
/// Maximum length of a command in a program in bytes; real ones are shorter.
const LONGEST_TEXT: usize = 1000;

/// Bytes of printable text.
const PRINTABLE: [bool; 256] = {
    let mut is_printable = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        #[expect(clippy::cast_possible_truncation, reason = "it is below 256")]
        let char = byte as u8;
        is_printable[byte] = matches!(char, b' '..=b'~' | b'\n' | b'\t');
        byte += 1;
    }
    is_printable
};

/// The names found in the strings of a file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Commands<'a> {
    /// Strings that consist of one word.
    pub(super) names: BTreeSet<&'a [u8]>,
    /// First words of commands in strings with several words.
    pub(super) in_texts: BTreeSet<&'a [u8]>,
}

/// Examines all NUL-terminated strings. Of those that are one word, most are no programs: there are
/// a million of them in a large program.
pub(super) fn commands(bytes: &[u8], is_program: impl Fn(&[u8]) -> bool) -> Commands<'_> {
    let mut commands = Commands::default();
    for text in strings(bytes) {
        // In `execlp("gzip", …)`, the name is the whole string; in `system("gzip -d x")`, it is at
        // the start of a command.
        if is_name(text) {
            if is_program(text) {
                commands.names.insert(text);
            }
        } else if text.contains(&b' ') {
            commands.in_texts.extend(in_command_position(text));
        }
    }
    commands
}

/// The printable strings that end with a NUL. A string with other bytes is data that happens to
/// end with one.
fn strings(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        while !rest.is_empty() {
            let length = rest.iter().position(|&byte| !PRINTABLE[usize::from(byte)]);
            let (text, after) = rest.split_at(length.unwrap_or(rest.len()));
            let is_whole = after.first().is_none_or(|&byte| byte == 0);
            let skipped = memchr::memchr(0, after).map_or(after.len(), |end| end + 1);
            rest = &after[skipped..];
            if is_whole && (2..=LONGEST_TEXT).contains(&text.len()) {
                return Some(text);
            }
        }
        None
    })
}

/// Names among the strings that code refers to by address and length, as in Go and Rust.
pub(super) fn referred_names<'a>(bytes: &'a [u8], elf: &Elf) -> impl Iterator<Item = &'a [u8]> {
    referred_texts(bytes, elf, LONGEST_NAME)
        .into_iter()
        .filter(|text| is_name(text))
}

/// The first word of each command in the shell code that a program passes to a shell after `-c`.
pub(super) fn in_shell_code<'a>(bytes: &'a [u8], elf: &Elf) -> BTreeSet<&'a [u8]> {
    let mut names = BTreeSet::new();
    for text in shell_texts(bytes, elf, LONGEST_TEXT) {
        if is_printable(text) {
            names.extend(in_command_position(text));
        }
    }
    names
}

/// Whether a Go program starts other programs; it makes system calls directly and imports no
/// symbols.
pub(super) fn starts_programs_in_go(bytes: &[u8]) -> bool {
    // The function table contains this name even in a stripped program, because stack traces need
    // it.
    memchr::memmem::find(bytes, b"os/exec.(*Cmd).Start").is_some()
}

fn is_printable(text: &[u8]) -> bool {
    text.iter().all(|&byte| PRINTABLE[usize::from(byte)])
}

fn is_name(word: &[u8]) -> bool {
    (2..=LONGEST_NAME).contains(&word.len())
        && word[0].is_ascii_alphanumeric()
        && word
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._+-".contains(byte))
}

/// The first word of each command in a text, after assignments, and the program that it starts if
/// it is a wrapper: `nice` and `gzip` in `A=1 nice -n 5 gzip x`.
fn in_command_position(text: &[u8]) -> Vec<&[u8]> {
    let mut programs = Vec::new();
    let Ok(text) = std::str::from_utf8(text) else {
        return programs;
    };
    // A command starts at the beginning of the text and after every shell operator.
    for command in text.split(['|', ';', '&', '(', ')', '`', '\n']) {
        let words: Vec<&str> = command
            .split_whitespace()
            .skip_while(|word| is_in_front(word.as_bytes()))
            .collect();
        let started = unwrapped(&words);
        // A message may begin with the name of a wrapper: `watch file`.
        let is_wrapped = words.len() - started.len() > 1 || words.first() == Some(&"nohup");
        let inner = if is_wrapped { started.first() } else { None };
        for word in words.first().into_iter().chain(inner) {
            if is_name(word.as_bytes()) || is_path_of_program(word) {
                programs.push(word.as_bytes());
            }
        }
    }
    programs
}

/// Whether a word is the absolute path of a program: messages begin with paths of other files.
fn is_path_of_program(word: &str) -> bool {
    word.len() <= LONGEST_PATH
        && word.starts_with('/')
        && (word.contains("bin/") || word.contains("/libexec/"))
        && word
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._+-/".contains(&byte))
}

/// Whether a word can precede a command: an assignment or a shell keyword.
fn is_in_front(word: &[u8]) -> bool {
    word.contains(&b'=')
        || matches!(
            word,
            b"exec" | b"then" | b"do" | b"else" | b"if" | b"while" | b"!"
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_name_is_a_whole_string_or_part_of_a_shell_command() {
        let found = commands(
            b"\0gzip\0sed -n p /etc/x | wc -l; LANG=C date +%H\0\x01ls\x02\0--all\0/bin/x\0\
              x\x80ls\0cat",
            |name| name != b"cat",
        );
        assert_eq!(found.names, BTreeSet::from([&b"gzip"[..]]));
        assert_eq!(
            found.in_texts,
            BTreeSet::from([&b"date"[..], b"sed", b"wc"])
        );
    }

    #[test]
    fn a_command_may_be_a_path_or_start_behind_a_wrapper() {
        let found = |text: &[u8]| {
            let programs = in_command_position(text);
            let programs = programs.into_iter().map(String::from_utf8_lossy);
            programs.collect::<Vec<_>>().join(" ")
        };
        assert_eq!(found(b"exec /usr/bin/date -u"), "/usr/bin/date");
        assert_eq!(found(b"nice -n 5 gzip <x | /bin/cat"), "nice gzip /bin/cat");
        assert_eq!(found(b"nohup sleep 5 &"), "nohup sleep");
        assert_eq!(found(b"watch file %s"), "watch");
        assert_eq!(found(b"/etc/passwd is missing"), "");
    }
}
