//! Commands and files whose names are computed at run time.
//!
//! They are noted unless no file of the image that is not kept can be meant: in `$BINDIR/erlexec`,
//! the name of the file is known, and `cmd_$1` calls one of the functions whose names start with
//! `cmd_`. The text of an `eval` is read with a placeholder for each part that is not known, so
//! that it is only noted if the placeholder is in the place of a command.

use super::command_texts::{UNKNOWN, is_call_of, prints_nothing};
use super::values::Values;
use crate::dockerfile::shell::{ShellPart, ShellScript, ShellWord};
use crate::image::NameId;
use crate::knowledge::ProgramClass;
use crate::slim::globs;
use crate::slim::keep::Keep;
use crate::source::Span;

/// Maximum number of files that a word may mean. Of more, too little is known.
const MAX_FILES: usize = 64;

/// Notes a command or a file whose name is computed at run time, unless every file that may be
/// meant is kept. `files` is `None` if any file may be meant.
pub(super) fn note(
    keep: &mut Keep<'_>,
    by: Option<NameId>,
    line: usize,
    text: String,
    files: Option<Vec<NameId>>,
) {
    match files {
        None => keep.note(by, Some(line), text),
        // It is made at run time, or it is missing in the original too.
        Some(files) if files.is_empty() => {}
        Some(files) => keep.note_unless_kept(by, line, text, files),
    }
}

/// The programs in the image that a word may start; `None` if it may be any program.
pub(super) fn possible_programs(
    keep: &Keep<'_>,
    values: &Values,
    word: &ShellWord,
) -> Option<Vec<NameId>> {
    let (names, tree) = (keep.file_names(), keep.tree());
    if let Some(name) = known_file_name(word) {
        return names.programs_named(tree, name, MAX_FILES);
    }
    let [ShellPart::Literal(start), .., end] = word.parts.as_slice() else {
        return None;
    };
    if start.contains('/') {
        return None;
    }
    let mut files = names.programs_starting_with(tree, start.as_bytes(), MAX_FILES)?;
    if let ShellPart::Literal(end) = end {
        files.retain(|&name| tree.file_name(name).ends_with(end.as_bytes()));
    }
    // The script's own functions are read in any case. If there is neither a function nor a
    // program with this name, an included file may define the function.
    if files.is_empty() && !values.functions().has_prefix(start) {
        return None;
    }
    Some(files)
}

/// The files in the image that `. "$directory/name"` may include; `None` if it may be any file.
pub(super) fn possible_files(keep: &Keep<'_>, word: &ShellWord) -> Option<Vec<NameId>> {
    let name = known_file_name(word)?;
    keep.file_names().files_named(keep.tree(), name, MAX_FILES)
}

/// The last component of a path whose directory is unknown.
fn known_file_name(word: &ShellWord) -> Option<&[u8]> {
    let Some(ShellPart::Literal(end)) = word.parts.last() else {
        return None;
    };
    let (_, name) = end.rsplit_once('/')?;
    if name.is_empty() || globs::is_pattern(name) {
        None
    } else {
        Some(name.as_bytes())
    }
}

/// The text that `eval` runs, with a placeholder for each part that is unknown.
pub(super) fn eval_text(words: &[ShellWord]) -> String {
    let mut text = String::new();
    for (index, word) in words.iter().enumerate() {
        if index > 0 {
            text.push(' ');
        }
        for part in &word.parts {
            match part {
                ShellPart::Literal(literal) => text.push_str(literal),
                // The arguments of the script are the business of who calls it.
                ShellPart::Variable { name, .. } if name == "@" || name == "*" => {
                    text.push_str("\"$@\"");
                }
                ShellPart::Other(span) if prints_no_command(raw(word, *span)) => {}
                _ => text.push_str(UNKNOWN),
            }
        }
    }
    text
}

/// A part of a word as written.
fn raw(word: &ShellWord, part: Span) -> &str {
    let start = part.start.saturating_sub(word.span.start);
    let end = part.end.saturating_sub(word.span.start);
    word.raw.as_str().get(start..end).unwrap_or_default()
}

/// Whether `$(…)` runs a program that only prints assignments, as in `eval $(ssh-agent)`, or
/// nothing.
fn prints_no_command(substitution: &str) -> bool {
    let command = match substitution.strip_prefix("$(") {
        Some(rest) => rest.strip_suffix(')'),
        None => substitution
            .strip_prefix('`')
            .and_then(|rest| rest.strip_suffix('`')),
    };
    command.is_some_and(|command| {
        is_call_of(command, ProgramClass::AssignmentPrinter) || prints_nothing(command)
    })
}

/// Makes the words of a text unknown that have a placeholder, except for the text around it.
pub(super) fn mark_unknown(script: &mut ShellScript) {
    for simple in &mut script.commands {
        for word in simple.words.iter_mut().chain(&mut simple.assignments) {
            split_at_placeholders(word);
        }
    }
    for word in script.loops.iter_mut().flat_map(|one| &mut one.words) {
        split_at_placeholders(word);
    }
    for redirection in &mut script.redirections {
        if let Some(word) = &mut redirection.target {
            split_at_placeholders(word);
        }
    }
}

fn split_at_placeholders(word: &mut ShellWord) {
    let mut parts = Vec::new();
    for part in std::mem::take(&mut word.parts) {
        let ShellPart::Literal(text) = part else {
            parts.push(part);
            continue;
        };
        for (index, piece) in text.split(UNKNOWN).enumerate() {
            if index > 0 {
                parts.push(ShellPart::Other(word.span));
            }
            if !piece.is_empty() {
                parts.push(ShellPart::Literal(piece.to_owned()));
            }
        }
    }
    word.parts = parts;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dockerfile::shell::parse_text;

    /// The text of the `eval` that is the only command of a script.
    fn text(script: &str) -> String {
        let script = parse_text(script);
        eval_text(&script.commands[0].words[1..])
    }

    #[test]
    fn the_text_of_an_eval_has_placeholders_for_what_is_unknown() {
        for (script, expected) in [
            ("eval \"x=\\$$name\"", format!("x=${UNKNOWN}")),
            ("eval $a b\"c$d\"", format!("{UNKNOWN} bc{UNKNOWN}")),
            ("eval 'id -u'", "id -u".to_owned()),
            ("eval \"$@\"", "\"$@\"".to_owned()),
            ("eval \"$(ssh-agent -s)\"", String::new()),
            ("eval `dircolors -b`", String::new()),
            ("eval $(apt-config shell A B::C)", String::new()),
            ("eval $(ssh-agent; cat x)", UNKNOWN.to_owned()),
            ("eval $(cat x)", UNKNOWN.to_owned()),
        ] {
            assert_eq!(text(script), expected, "{script}");
        }
    }

    #[test]
    fn silent_programs_print_nothing_without_an_option_for_it() {
        assert!(prints_nothing("mkdir -p \"$dir\"") && prints_nothing("/bin/rm x"));
        assert!(!prints_nothing("mkdir -v x") && !prints_nothing("mkdir --verbose x"));
        assert!(!prints_nothing("mkdir x && pwd") && !prints_nothing("cat x"));
    }

    #[test]
    fn a_placeholder_splits_a_word() {
        let mut script = parse_text(&format!("a{UNKNOWN}/b 'c d'"));
        mark_unknown(&mut script);
        let words = &script.commands[0].words;
        assert_eq!(words[0].literal(), None);
        assert_eq!(known_file_name(&words[0]), Some(&b"b"[..]));
        assert_eq!(words[1].literal(), Some("c d"));
    }
}
