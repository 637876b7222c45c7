//! `escaped-blank`: a backslash before a space instead of at the end of the line.

use crate::dockerfile::{Body, CopySource, ShellWord, Word};
use crate::knowledge::ProgramClass;
use crate::lint::facts::{Call, Run, Step};
use crate::lint::{DockerfileContext, Edit, Findings, Fix, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "escaped-blank",
    page: include_str!("../../rules/lint/escaped-blank.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for step in &cx.facts.steps {
        let mut places = Vec::new();
        if let Some(run) = cx.facts.run_of(step) {
            in_script(cx, run, &mut places);
        } else {
            in_words(cx, step, &mut places);
        }
        for (place, word) in places {
            report(cx, step, (place, word), findings);
        }
    }
}

/// Reports an escape character at `place`, before the word that starts at `word`.
fn report(
    cx: &DockerfileContext<'_>,
    step: &Step<'_>,
    (place, word): (usize, usize),
    findings: &mut Findings,
) {
    let escape = cx.dockerfile.escape;
    let message = format!("`{escape}` makes the space part of the next word");
    let report = findings
        .add(Span::new(place, place + escape.len_utf8()), message)
        .note("it continues the instruction only at the end of a line");
    let span = Span::new(place, word);
    let arguments = &step.instruction.arguments;
    // A flag or an array may come first without it, or a heredoc further on. A comment may be
    // between two lines.
    if place == arguments.source_offset(0)
        || arguments.as_str().contains("<<")
        || cx.source.slice(span).contains('\n')
    {
        return;
    }
    let edit = Edit::remove(span);
    report.fix(Fix::marked_unsafe(format!("remove the `{escape}`"), [edit]));
}

/// The backslashes before the words of a script, each with the start of the word.
fn in_script(cx: &DockerfileContext<'_>, run: &Run<'_>, places: &mut Vec<(usize, usize)>) {
    let Some(script) = &run.script else { return };
    // In a Windows path, `\` before a blank is the end of a directory.
    if run.calls.iter().any(is_windows_shell) {
        return;
    }
    for command in &script.commands {
        let name = command.words.first().and_then(ShellWord::literal);
        for (index, word) in command.words.iter().enumerate() {
            // `echo a \ b` prints a blank.
            if index > 0 && matches!(name, Some("echo" | "printf")) {
                break;
            }
            let found = escaped_blank_at(cx, word.span.start);
            if let Some((place, blanks)) = found
                // With another blank, the first one is an argument: `cut -d \  -f 1`.
                && (index == 0 || blanks == 1)
            {
                places.push((place, place + 1 + blanks));
            }
        }
    }
}

/// Whether a call starts PowerShell or cmd: `pwsh`, `PowerShell.exe`.
fn is_windows_shell(call: &Call) -> bool {
    let name = call.name.to_ascii_lowercase();
    let name = name.strip_suffix(".exe").unwrap_or(&name);
    ProgramClass::WindowsShell.contains(name)
}

/// The place of a backslash that stands alone before an offset, and the number of blanks between
/// them.
fn escaped_blank_at(cx: &DockerfileContext<'_>, offset: usize) -> Option<(usize, usize)> {
    let rest = cx.source.text().get(offset..)?.strip_prefix('\\')?;
    let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
    if blanks > 0 {
        Some((offset, blanks))
    } else {
        None
    }
}

/// The escape characters that are arguments of their own, or start the name of a variable.
fn in_words(cx: &DockerfileContext<'_>, step: &Step<'_>, places: &mut Vec<(usize, usize)>) {
    let escape = cx.dockerfile.escape;
    match &step.instruction.body {
        Body::Pairs(pairs) => {
            for pair in pairs {
                let text = pair.key.text.as_str();
                let name = text.strip_prefix(escape).unwrap_or(text);
                let rest = name.trim_start_matches([' ', '\t']);
                if name.len() < text.len() && rest.len() < name.len() && !rest.is_empty() {
                    let start = pair.key.span.start;
                    places.push((start, start + text.len() - rest.len()));
                }
            }
        }
        Body::Words { words, json: false } => alone(words.iter(), escape, places),
        Body::Transfer {
            sources,
            destination,
            json: false,
        } => {
            let sources = sources.iter().filter_map(|source| match source {
                CopySource::Path(word) => Some(word),
                CopySource::Heredoc(_) => None,
            });
            alone(sources.chain([destination]), escape, places);
        }
        _ => {}
    }
}

/// The words that are an escape character, each with the start of the next word.
fn alone<'w>(
    words: impl Iterator<Item = &'w Word>,
    escape: char,
    places: &mut Vec<(usize, usize)>,
) {
    let mut before: Option<usize> = None;
    for word in words {
        if let Some(place) = before.take() {
            places.push((place, word.span.start));
        }
        let mut chars = word.text.as_str().chars();
        if chars.next() == Some(escape) && chars.next().is_none() {
            before = Some(word.span.start);
        }
    }
}
