//! Expands words of a script to their values.

use std::collections::HashSet;

use super::values::Values;
use crate::dockerfile::shell::{ShellPart, ShellScript, ShellWord, SimpleCommand};
use crate::slim::globs::is_pattern;

/// Maximum number of commands that are added for variants.
const MOST: usize = 4096;

/// Maximum size of the words that are made of values, and of those that are copied for variants:
/// a word counts once, and once more for every 64 bytes.
const MOST_WORDS: usize = 1 << 16;

/// Maximum number of bytes of all paths that are returned. Scripts name a few kilobytes.
const MOST_BYTES: usize = 4 << 20;

/// Commands that only operate on the files in their arguments and do not need them to exist.
const FROM_OUTSIDE: &[&str] = &[
    "chgrp", "chmod", "chown", "du", "find", "ls", "mkdir", "rm", "rmdir", "setfacl", "touch",
    "unlink",
];

/// The paths and commands that the values of a script's variables result in.
#[derive(Default)]
pub(super) struct Expanded {
    /// Paths that only values result in, and patterns, each once, with its first position in the
    /// text.
    pub(super) paths: Vec<(usize, String)>,
    /// Some paths were left out, because there are too many.
    pub(super) is_incomplete: bool,
    /// The paths. A pattern that a loop walks over may be used on each of its lines.
    seen: HashSet<String>,
    bytes: usize,
    variants: Vec<SimpleCommand>,
    /// The size of the words of the variants.
    copied: usize,
    /// The size of the words that were made of values.
    made: usize,
}

/// Gives commands whose words are known by their variables these words, one command more for every
/// further value.
pub(super) fn expand(script: &mut ShellScript, values: &mut Values) -> Expanded {
    let mut expanded = Expanded::default();
    for simple in &mut script.commands {
        values.enter(simple.span);
        expanded.expand_command(simple, values);
    }
    // A redirection opens its file, and a loop iterates over the files that match a pattern.
    let targets = script
        .redirections
        .iter()
        .filter_map(|redirection| redirection.target.as_ref());
    for word in script
        .loops
        .iter()
        .flat_map(|one| &one.words)
        .chain(targets)
    {
        values.enter(word.span);
        expanded.note_paths(word, &values.expand(&word.raw).unwrap_or_default(), false);
    }
    values.leave();
    script.commands.append(&mut expanded.variants);
    expanded
}

impl Expanded {
    /// Replaces the words of a command. Each additional value results in a variant.
    fn expand_command(&mut self, simple: &mut SimpleCommand, values: &Values) {
        let is_outside = simple
            .words
            .first()
            .and_then(ShellWord::literal)
            .is_some_and(|name| FROM_OUTSIDE.contains(&name));
        let mut rest = std::mem::take(&mut simple.words).into_iter();
        while let Some(word) = rest.next() {
            // A constant word already has its value.
            let known = if is_constant(&word) {
                Vec::new()
            } else {
                values.expand(&word.raw).unwrap_or_default()
            };
            self.note_paths(&word, &known, is_outside);
            let Some(first) = known.first().filter(|first| self.has_room(first)) else {
                simple.words.push(word);
                continue;
            };
            for other in known.iter().skip(1) {
                self.add_variant(simple, &word, other, rest.as_slice());
            }
            // Splitting may turn one word into several.
            let words = replaced(&word, first);
            self.made += size(&words);
            simple.words.extend(words);
        }
    }

    /// Whether there is room for the words of a value.
    fn has_room(&mut self, value: &str) -> bool {
        // Each word has a blank, too.
        if self.made + value.len() / 2 < MOST_WORDS {
            return true;
        }
        self.is_incomplete = true;
        false
    }

    /// Adds a command with another value of the word between those that it has and the rest.
    /// Commands with several unknown words would multiply; beyond the limits, only the first value
    /// is used.
    fn add_variant(
        &mut self,
        simple: &SimpleCommand,
        word: &ShellWord,
        value: &str,
        rest: &[ShellWord],
    ) {
        let count = simple.words.len() + 1 + rest.len();
        if self.variants.len() >= MOST || self.copied + count > MOST_WORDS {
            return;
        }
        let mut words = simple.words.clone();
        words.extend(replaced(word, value));
        words.extend_from_slice(rest);
        self.copied += size(&words);
        self.variants.push(SimpleCommand {
            span: simple.span,
            assignments: Vec::new(),
            words,
            position: simple.position,
            scope: simple.scope,
            status: simple.status,
        });
    }

    fn note_paths(&mut self, word: &ShellWord, known: &[String], is_outside: bool) {
        let literal = word.literal().map(str::to_owned);
        for path in known
            .iter()
            .chain(&literal)
            .filter(|path| path.starts_with('/') && path.len() > 1)
        {
            // A constant path is found in the text anyway.
            let is_wanted = if is_pattern(path) {
                !is_outside
            } else {
                !is_constant(word)
            };
            if is_wanted && !self.seen.contains(path) {
                self.add_path(word.span.start, path);
            }
        }
    }

    fn add_path(&mut self, place: usize, path: &str) {
        self.bytes += path.len();
        if self.bytes > MOST_BYTES {
            self.is_incomplete = true;
            return;
        }
        self.seen.insert(path.to_owned());
        self.paths.push((place, path.to_owned()));
    }
}

fn is_constant(word: &ShellWord) -> bool {
    word.literal().is_some()
}

fn size(words: &[ShellWord]) -> usize {
    // A word whose value is unknown is copied too.
    let lengths = words
        .iter()
        .map(|word| word.raw.len() + word.literal().map_or(0, str::len));
    lengths.map(|length| 1 + length / 64).sum()
}

/// An unquoted variable is split at whitespace.
fn replaced(word: &ShellWord, value: &str) -> Vec<ShellWord> {
    let is_split = matches!(
        word.parts.as_slice(),
        [ShellPart::Variable { quoted: false, .. }]
    );
    let pieces: Vec<&str> = if is_split {
        value.split_whitespace().collect()
    } else {
        vec![value]
    };
    let literal = |piece: &str| ShellWord {
        parts: vec![ShellPart::Literal(piece.to_owned())],
        ..word.clone()
    };
    pieces.into_iter().map(literal).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dockerfile::shell::parse_text;

    /// The script after its words were replaced, and what came out.
    fn expanded(text: &str) -> (ShellScript, Expanded) {
        let mut script = parse_text(text);
        let mut values = Values::default();
        values.allow_for(text, u64::MAX);
        values.learn(&script, text);
        let expanded = expand(&mut script, &mut values);
        (script, expanded)
    }

    fn words(script: &ShellScript) -> usize {
        script
            .commands
            .iter()
            .map(|simple| simple.words.len())
            .sum()
    }

    #[test]
    fn a_path_that_comes_out_on_many_lines_is_returned_once() {
        let lines = "cat $f \"$f\"\n".repeat(1000);
        let (_, expanded) = expanded(&format!("for f in /a/* /b; do\n{lines}done"));
        let paths: Vec<&str> = expanded
            .paths
            .iter()
            .map(|(_, path)| path.as_str())
            .collect();
        assert_eq!(paths, ["/a/*", "/b"]);
        assert!(!expanded.is_incomplete);
    }

    #[test]
    fn words_that_are_made_of_values_are_limited_together() {
        let value = "a ".repeat(2000);
        let text = format!("A='{value}'\necho {}\n", "$A ".repeat(10_000));
        let (script, expanded) = expanded(&text);
        assert!(expanded.is_incomplete);
        assert!(words(&script) <= MOST_WORDS + 10_000, "{}", words(&script));
    }

    #[test]
    fn words_that_are_copied_for_variants_are_limited_together() {
        let (script, _) = expanded(&format!("A=1; A=2; echo {}", "$A ".repeat(10_000)));
        assert!(words(&script) <= MOST_WORDS + 10_001, "{}", words(&script));
        let (script, _) = expanded("A=1; A=2; echo $A b");
        assert_eq!(script.commands.len(), 4, "two assignments and two variants");
    }

    #[test]
    fn long_words_without_a_value_count_when_they_are_copied() {
        let (script, _) = expanded(&format!(
            "A=1; A=2; A=3; echo {}$unknown{}",
            "$A ".repeat(100),
            "x".repeat(200_000)
        ));
        let commands = script.commands.iter();
        let long = commands.filter(|simple| simple.words.iter().any(|word| word.raw.len() > 1000));
        assert!(long.count() < 30);
    }

    #[test]
    fn an_empty_value_is_no_word() {
        let (script, _) = expanded("A=' '; echo $A b $A");
        assert_eq!(words(&script), 2);
    }
}
