//! What a command of the configuration names: a program, files, other programs, and text for a
//! shell.

use super::keep_below;
use crate::image::NameId;
use crate::slim::trace::Trace;
use crate::slim::tracers::shell;
use crate::slim::why::{Field, Root, Why};

/// Keeps what the words name. Each says which field it stands in. False where the program is not
/// there.
pub(super) fn keep(trace: &mut Trace<'_>, words: &[(Field, String)]) -> bool {
    let Some((field, program)) = words.first() else {
        return false;
    };
    let Some(path) = trace.programs.find(trace.view, program.as_bytes()) else {
        return false;
    };
    trace.keep_path(&path, None, Why::Root(Root::Program(*field)));
    let mut text = shell_text(words, 0);
    for (place, (field, word)) in words.iter().enumerate().skip(1) {
        if text == Some(place) {
            shell::keep_text(trace, *field, word);
            continue;
        }
        keep_argument(trace, *field, word);
        // `tini -- sh -c '…'`: helpers start the program that their arguments are.
        if text.is_none_or(|text| text < place) {
            text = shell_text(words, place);
        }
    }
    true
}

/// Where the script is, if the word at `place` is a shell and `-c` follows among its options.
fn shell_text(words: &[(Field, String)], place: usize) -> Option<usize> {
    let name = words[place].1.rsplit('/').next().unwrap_or_default();
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
            "-o" | "-O" | "+o" | "+O" | "--rcfile" | "--init-file" => at += 2,
            long if long.starts_with("--") => at += 1,
            short if short.starts_with('-') && short.contains('c') => {
                // `-o pipefail -c` and `-eo pipefail -c` have a word for `o` between.
                let takes_option = short.contains('o');
                return Some(at + 1 + usize::from(takes_option)).filter(|&at| at < words.len());
            }
            short if short.starts_with(['-', '+']) && short.ends_with('o') => at += 2,
            short if short.starts_with(['-', '+']) => at += 1,
            _ => return None,
        }
    }
    None
}

/// Keeps a file or program that an argument names, also behind the `=` of an option.
fn keep_argument(trace: &mut Trace<'_>, field: Field, word: &str) {
    let why = Why::Root(Root::Argument {
        of: field,
        word: word.to_owned(),
    });
    if keep_named(trace, word, &why) {
        return;
    }
    if let Some((_, value)) = word
        .split_once('=')
        .filter(|(name, _)| name.starts_with('-'))
    {
        keep_named(trace, value, &why);
    }
}

fn keep_named(trace: &mut Trace<'_>, word: &str, why: &Why) -> bool {
    if word.is_empty() || word.starts_with('-') {
        return false;
    }
    let path = trace.programs.absolute(word.as_bytes());
    if let Some(name) = trace.keep_path(&path, None, why.clone()) {
        // Who is given a directory is given what is in it.
        if trace.tree().is_directory(name) && !is_system_directory(trace, name) {
            keep_below(trace, name, None, why);
        }
        return true;
    }
    match trace.programs.find(trace.view, word.as_bytes()) {
        Some(path) => trace.keep_path(&path, None, why.clone()).is_some(),
        None => false,
    }
}

/// Keeps what is in a directory that is no part of the distribution, for the reason that keeps the
/// directory.
pub(in crate::slim) fn keep_application(
    trace: &mut Trace<'_>,
    name: NameId,
    by: Option<NameId>,
    why: &Why,
) {
    let path = trace.tree().path(name);
    let mut components = path
        .split(|&byte| byte == b'/')
        .filter(|component| !component.is_empty());
    let top = components.next().unwrap_or_default();
    let is_own = !SYSTEM_DIRECTORIES
        .iter()
        .any(|directory| directory.as_bytes() == top);
    let is_optional = matches!(top, b"opt" | b"srv") && components.next().is_some();
    if trace.tree().is_directory(name) && (is_own || is_optional) {
        keep_below(trace, name, by, why);
    }
}

/// Directories that hold the distribution: a program that is given one of these is not given all of
/// it.
const SYSTEM_DIRECTORIES: &[&str] = &[
    "bin", "boot", "dev", "etc", "home", "lib", "lib32", "lib64", "libx32", "media", "mnt", "opt",
    "proc", "root", "run", "sbin", "srv", "sys", "tmp", "usr", "var",
];

pub(in crate::slim) fn is_system_directory(trace: &Trace<'_>, name: NameId) -> bool {
    let path = trace.tree().path(name);
    let components: Vec<&[u8]> = path
        .split(|&byte| byte == b'/')
        .filter(|component| !component.is_empty())
        .collect();
    match components.as_slice() {
        [top] => SYSTEM_DIRECTORIES
            .iter()
            .any(|directory| directory.as_bytes() == *top),
        [] | [b"usr" | b"var", _] | [b"usr", b"local", _] => true,
        _ => false,
    }
}
