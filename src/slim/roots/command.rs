//! Words of a command in the configuration: a program, files, other programs, and shell scripts.

use crate::knowledge::unwrapped;
use crate::paths::file_name;
use crate::slim::interpreters::inline_code;
use crate::slim::keep::Keep;
use crate::slim::system_directories::is_system_directory;
use crate::slim::tracers::runtimes::programs_in_code;
use crate::slim::tracers::{launchers, shell};
use crate::slim::why::{Field, Root, Why};

/// Whether the image contains the program of a command.
pub(super) fn has_program(keep: &Keep<'_>, words: &[(Field, String)]) -> bool {
    words
        .first()
        .is_some_and(|(_, program)| keep.programs.find(keep.view, program.as_bytes()).is_some())
}

/// Keeps the files that the words refer to; each word has its field. Returns false if the program
/// does not exist.
pub(super) fn keep(keep: &mut Keep<'_>, words: &[(Field, String)]) -> bool {
    let Some((field, program)) = words.first() else {
        return false;
    };
    // The container runtime searches PATH in the same way when it starts the container.
    let Some(path) = keep.programs.find(keep.view, program.as_bytes()) else {
        return false;
    };
    keep.keep_path(&path, None, Why::Root(Root::Program(*field)));
    let texts: Vec<&str> = words.iter().map(|(_, word)| word.as_str()).collect();
    keep.learn_source(&texts);
    let of = *field;
    launchers::keep_launched(keep, None, &texts, &|word| {
        let word = word.to_owned();
        Why::Root(Root::Argument { of, word })
    });
    keep_inline_code(keep, of, &texts);
    let mut text = shell_text(words, 0);
    for (place, (field, word)) in words.iter().enumerate().skip(1) {
        // The script of `sh -c` is parsed as a script, not as a path.
        if text == Some(place) {
            shell::keep_text(keep, *field, word);
            continue;
        }
        keep_argument(keep, *field, word);
        // `tini -- sh -c '…'`: wrappers start the program in their arguments.
        if text.is_none_or(|text| text < place) {
            text = shell_text(words, place);
        }
    }
    true
}

/// Keeps the programs that code in an argument starts: `python3 -c 'os.system("date")'`.
fn keep_inline_code(keep: &mut Keep<'_>, of: Field, words: &[&str]) {
    let Some((language, code)) = inline_code(unwrapped(words)) else {
        return;
    };
    for word in programs_in_code(language, code) {
        if let Some(path) = keep.programs.find(keep.view, word.as_bytes()) {
            let word = word.to_owned();
            keep.keep_path(&path, None, Why::Root(Root::Argument { of, word }));
        }
    }
}

/// The index of the script, if the word at `place` is a shell and `-c` is among its options.
fn shell_text(words: &[(Field, String)], place: usize) -> Option<usize> {
    let name = file_name(&words[place].1);
    // In `busybox sh -c …`, the shell is the first argument.
    let is_busybox = name == "busybox"
        && words
            .get(place + 1)
            .is_some_and(|(_, applet)| shell::is_shell(applet));
    if !shell::is_shell(name) && !is_busybox {
        return None;
    }
    let mut at = place + 1 + usize::from(is_busybox);
    while let Some((_, word)) = words.get(at) {
        match word.as_str() {
            // These options take the next word as their value.
            "-o" | "-O" | "+o" | "+O" | "--rcfile" | "--init-file" => at += 2,
            long if long.starts_with("--") => at += 1,
            short if short.starts_with('-') && short.contains('c') => {
                // In `-o pipefail -c` and `-eo pipefail -c`, the option has a value.
                let takes_option = short.contains('o');
                return Some(at + 1 + usize::from(takes_option)).filter(|&at| at < words.len());
            }
            short if short.starts_with(['-', '+']) && short.ends_with('o') => at += 2,
            short if short.starts_with(['-', '+']) => at += 1,
            // The first word that is not an option is a script file, and a later `-c` is an
            // argument of the script.
            _ => return None,
        }
    }
    None
}

/// Keeps a file or program named in an argument, also after the `=` of an option.
fn keep_argument(keep: &mut Keep<'_>, field: Field, word: &str) {
    let why = Why::Root(Root::Argument {
        of: field,
        word: word.to_owned(),
    });
    // `--config=/etc/app.conf`: the value follows the name of the option.
    if keep_named(keep, word, &why) {
        return;
    }
    if let Some((_, value)) = word
        .split_once('=')
        .filter(|(name, _)| name.starts_with('-'))
    {
        keep_named(keep, value, &why);
    }
}

fn keep_named(keep: &mut Keep<'_>, word: &str, why: &Why) -> bool {
    // An option is not a path, and an empty word would mean the working directory.
    if word.is_empty() || word.starts_with('-') {
        return false;
    }
    let path = keep.programs.absolute(word.as_bytes());
    if let Some(name) = keep.keep_path(&path, None, why.clone()) {
        // A program that gets a directory as an argument may use everything in it.
        if keep.tree().is_directory(name) && !is_system_directory(keep.tree(), name) {
            keep.keep_below(name, None, why);
        }
        return true;
    }
    // Wrappers such as `gosu` and `tini` start a program that is named in their arguments without a
    // path.
    match keep.programs.find(keep.view, word.as_bytes()) {
        Some(path) => keep.keep_path(&path, None, why.clone()).is_some(),
        None => false,
    }
}
