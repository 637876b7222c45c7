//! Calls of package managers that prompt for confirmation, which a build cannot answer.

use crate::lint::facts::packages::{Action, PackageCall};
use crate::lint::{Applicability, DockerfileContext, Edit, Findings, Fix};
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
            if !managers.contains(&call.manager.name) || !prompts(&call) {
                continue;
            }
            // Without a verb, there is no position for the option.
            let Some(verb) = call.verb else { continue };
            let message = format!(
                "`{} {}` prompts for confirmation: add `{option}`",
                call.call.name, verb.word
            );
            let report = findings.add(call.call.name_span.to(verb.argument.span), message);
            if let Some(edit) = insert_after(cx, verb.argument.span, verb.word, option) {
                report.fix(Fix::new(
                    format!("add `{option}`"),
                    Applicability::Safe,
                    vec![edit],
                ));
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
    changes && !changes_nothing && !call.answers_itself() && !call.hides_options()
}

/// The offset of the first setting that answers prompts: apt's `Assume-Yes` or dnf's `assumeyes`,
/// written to a configuration file or passed as an option.
fn configured_from(cx: &DockerfileContext<'_>) -> usize {
    let text = cx.source.text().to_ascii_lowercase();
    let settings = ["assume-yes \"", "assume-yes=", "assumeyes=", "assume-yes::"];
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
        format!(" {added}")
    } else if written
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        == Some(word)
    {
        format!(", \"{added}\"")
    } else {
        return None;
    };
    Some(Edit {
        span: Span::at(span.end),
        replacement,
    })
}
