//! Words of a script replaced by what they come to.

use super::values::Values;
use crate::dockerfile::shell::{ShellPart, ShellScript, ShellWord, SimpleCommand};
use crate::slim::globs::is_pattern;

/// Commands that variants may add.
const MOST: usize = 4096;

/// Commands to whose arguments something is done from outside: that the files exist is not what
/// they need.
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
    // A redirection opens its file, and a loop takes its words from the files a pattern names.
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

/// Replaces the words of one command. Further values make a variant of it each.
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
        // A constant word has its value already.
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
        // Commands with several unknown words would multiply; beyond the limit the first value
        // stands for all.
        let room = MOST.saturating_sub(variants.len());
        for other in known.iter().skip(1).take(room) {
            variants.push(variant(simple, place, other));
        }
        // Splitting may make several words of one, and those that follow move.
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
        // A constant path is seen in the text.
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
    }
}

/// A variable without quotes is split at blanks.
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
