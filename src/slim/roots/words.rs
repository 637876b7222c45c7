//! Words of commands.

use crate::image::Config;
use crate::slim::why::Field;

/// Words of a command, each with its field.
pub(super) fn words_of(field: Field, words: &[&str]) -> Vec<(Field, String)> {
    let mut owned = Vec::new();
    for &word in words {
        owned.push((field, word.to_owned()));
    }
    owned
}

/// A script with the shell that runs it: SHELL, or `/bin/sh -c`.
pub(super) fn shell_words(config: &Config, field: Field, script: &[&str]) -> Vec<(Field, String)> {
    let mut words = match config.shell() {
        shell if shell.is_empty() => words_of(field, &["/bin/sh", "-c"]),
        shell => words_of(Field::Shell, &shell),
    };
    words.extend(words_of(field, script));
    words
}
