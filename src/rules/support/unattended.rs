//! Calls of package managers that prompt for confirmation, which a build cannot answer.

use super::layout::{WIDTH, continuation};
use crate::lint::facts::packages::{Action, PackageCall};
use crate::lint::facts::{Base, Run};
use crate::lint::{DockerfileContext, Edit, Findings, Fix};
use crate::source::Span;

/// Reports the calls of these managers that prompt for confirmation, with a fix that inserts
/// `option` after their verb.
pub(in crate::rules) fn check(
    cx: &DockerfileContext<'_>,
    findings: &mut Findings,
    managers: &[&str],
    option: &str,
) {
    let configured = configured_from(cx);
    for run in cx.facts.runs() {
        // `yes |` answers every prompt of its pipeline.
        let piped = run.calls.iter().any(|call| call.name == "yes");
        if piped || cx.facts.steps[run.step].span.end > configured {
            continue;
        }
        for call in run.package_calls() {
            if !managers.contains(&call.manager.name)
                || !prompts(&call)
                || (call.manager.name == "microdnf" && !is_on_fedora(cx, run))
            {
                continue;
            }
            let (name, name_span) = (&call.call.name, call.call.name_span);
            // A manager without verbs takes the option after its name.
            let (command, place, word) = match call.verb {
                Some(verb) => {
                    let command = format!("{name} {}", verb.word);
                    (command, verb.argument.span, verb.word)
                }
                None => (name.clone(), name_span, name.as_str()),
            };
            let message = format!("`{command}` prompts for confirmation: add `{option}`");
            let report = findings.add(name_span.to(place), message);
            if let Some(edit) = insert_after(cx, place, word, option) {
                report.fix(Fix::safe(format!("add `{option}`"), [edit]));
            }
        }
    }
}

/// Whether a call changes packages and prompts before it does.
fn prompts(call: &PackageCall<'_>) -> bool {
    let changes = matches!(
        call.action,
        Action::Install | Action::Upgrade | Action::Remove
    );
    // These only show or download packages, which apt does without a prompt.
    let changes_nothing = call.options.iter().any(|option| {
        matches!(
            *option,
            "-s" | "--simulate"
                | "--dry-run"
                | "-d"
                | "--download-only"
                | "--downloadonly"
                | "--print-uris"
        )
    });
    // `conda env create` does not ask.
    let is_environment = call.manager.name == "conda" && call.prefix == Some("env");
    changes
        && !changes_nothing
        && !is_environment
        && !call.answers_itself()
        && !call.hides_options()
}

/// Whether a RUN is in a Fedora image, where `microdnf` is part of dnf 5. Elsewhere, `microdnf`
/// never prompts, and `-y` has no effect.
fn is_on_fedora(cx: &DockerfileContext<'_>, run: &Run<'_>) -> bool {
    let stage = cx.facts.steps[run.step].stage;
    let root = stage.and_then(|stage| cx.facts.ancestry(stage).last());
    match root.map(|root| &root.base) {
        Some(Base::Image(image)) => image
            .familiar_name()
            .is_some_and(|name| name.contains("fedora")),
        _ => false,
    }
}

/// The offset of the first setting that answers prompts: apt's `Assume-Yes`, dnf's `assumeyes` or
/// conda's `always_yes`, written to a configuration file or passed as an option.
fn configured_from(cx: &DockerfileContext<'_>) -> usize {
    let text = cx.source.text().to_ascii_lowercase();
    let settings = [
        "assume-yes \"",
        "assume-yes=",
        "assumeyes=",
        "assume-yes::",
        "always_yes",
    ];
    settings
        .iter()
        .filter_map(|setting| text.find(setting))
        .min()
        .unwrap_or(usize::MAX)
}

/// Inserts a word after another one, in a script or an exec form; `None` if the text at that
/// location is not that word, for example because it comes from a variable.
pub(in crate::rules) fn insert_after(
    cx: &DockerfileContext<'_>,
    span: Span,
    word: &str,
    added: &str,
) -> Option<Edit> {
    let written = cx.source.slice(span);
    // In an exec form, every word is a JSON string.
    let replacement = if written == word {
        format!("{}{added}", separator_before_word(cx, span.end, added))
    } else if written
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        == Some(word)
    {
        format!(", \"{added}\"")
    } else {
        return None;
    };
    Some(Edit::insert(span.end, replacement))
}

/// The text before a word that is inserted: a blank, or a line break if the line of an instruction
/// of several lines would become too long and two lines would not.
fn separator_before_word(cx: &DockerfileContext<'_>, offset: usize, word: &str) -> String {
    let number = cx.source.line(offset);
    let line = cx.source.slice(cx.source.line_span(number));
    let added = 1 + word.chars().count();
    let width = line.chars().count() + added;
    let indent = &line[..line.len() - line.trim_start().len()];
    let inner = if indent.ends_with('\t') {
        format!("{indent}\t")
    } else {
        format!("{indent}    ")
    };
    let rest = cx.source.slice(rest_of(cx, offset));
    let is_helpful = inner.len() + added + rest.chars().count() <= WIDTH;
    let is_continued = line.trim_end().ends_with(cx.dockerfile.escape)
        || number > 1
            && cx
                .source
                .slice(cx.source.line_span(number - 1))
                .trim_end()
                .ends_with(cx.dockerfile.escape);
    // Text after the word moves to the next line with it, so there has to be some.
    if width <= WIDTH || !is_continued || !is_helpful || rest.trim().is_empty() {
        return " ".to_owned();
    }
    format!(" {}", continuation(cx, &inner))
}

/// The rest of the line after an offset.
fn rest_of(cx: &DockerfileContext<'_>, offset: usize) -> Span {
    Span::new(
        offset,
        cx.source.line_span(cx.source.line(offset)).end.max(offset),
    )
}
