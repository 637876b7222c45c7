//! Expands words of a script to their values.

use super::values::Values;
use crate::dockerfile::shell::{ShellPart, ShellScript, ShellWord, SimpleCommand};
use crate::slim::globs::is_pattern;

/// Maximum number of commands that are added for variants.
const MOST: usize = 4096;

/// Maximum number of words that are copied for the variants of one command.
const MOST_WORDS: usize = 1 << 16;

/// Commands that only operate on the files in their arguments and do not need them to exist.
const FROM_OUTSIDE: &[&str] = &[
    "chgrp", "chmod", "chown", "du", "find", "ls", "mkdir", "rm", "rmdir", "setfacl", "touch",
    "unlink",
];

/// Gives commands whose words are known by their variables these words, one command more for every
/// further value. Returned are paths that only came out so, and patterns, each with its place in
/// the text.
pub(super) fn expand(script: &mut ShellScript, values: &mut Values) -> Vec<(usize, String)> {
    let mut paths = Vec::new();
    let mut variants = Vec::new();
    for simple in &mut script.commands {
        values.enter(simple.span);
        expand_command(simple, values, &mut variants, &mut paths);
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
        note_paths(
            word,
            &values.expand(&word.raw).unwrap_or_default(),
            false,
            &mut paths,
        );
    }
    values.leave();
    script.commands.extend(variants);
    paths
}

/// Replaces the words of a command. Each additional value results in a variant.
fn expand_command(
    simple: &mut SimpleCommand,
    values: &Values,
    variants: &mut Vec<SimpleCommand>,
    paths: &mut Vec<(usize, String)>,
) {
    let is_outside = simple
        .words
        .first()
        .and_then(ShellWord::literal)
        .is_some_and(|name| FROM_OUTSIDE.contains(&name));
    let mut place = 0;
    while place < simple.words.len() {
        let word = &simple.words[place];
        // A constant word already has its value.
        let known = if is_constant(word) {
            Vec::new()
        } else {
            values.expand(&word.raw).unwrap_or_default()
        };
        note_paths(word, &known, is_outside, paths);
        let Some(first) = known.first() else {
            place += 1;
            continue;
        };
        // Commands with several unknown words would multiply; beyond the limit, only the first
        // value is used.
        let longest = MOST_WORDS / simple.words.len().max(1);
        let room = MOST.saturating_sub(variants.len()).min(longest);
        for other in known.iter().skip(1).take(room) {
            variants.push(variant(simple, place, other));
        }
        // Splitting may turn one word into several, which shifts the following words.
        let words = replaced(&simple.words[place], first);
        let count = words.len();
        simple.words.splice(place..=place, words);
        place += count;
    }
}

fn is_constant(word: &ShellWord) -> bool {
    word.literal().is_some()
}

fn note_paths(
    word: &ShellWord,
    known: &[String],
    is_outside: bool,
    paths: &mut Vec<(usize, String)>,
) {
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
        if is_wanted {
            paths.push((word.span.start, path.clone()));
        }
    }
}

fn variant(simple: &SimpleCommand, place: usize, value: &str) -> SimpleCommand {
    let mut words = simple.words.clone();
    let replaced = replaced(&simple.words[place], value);
    words.splice(place..=place, replaced);
    SimpleCommand {
        span: simple.span,
        assignments: Vec::new(),
        words,
        position: simple.position,
        scope: simple.scope,
        status: simple.status,
    }
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
