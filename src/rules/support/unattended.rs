//! Calls of package managers that prompt for confirmation, which a build cannot answer.

use crate::lint::facts::packages::{Action, PackageCall};
use crate::lint::{Applicability, DockerfileContext, Edit, Findings, Fix};
use crate::source::Span;

/// Reports the calls of these managers that ask, and gives them `option` after their verb.
pub(in crate::rules) fn check(
    cx: &DockerfileContext<'_>,
    findings: &mut Findings,
    managers: &[&str],
    option: &str,
) {
    let configured = configured_from(cx);
    for run in cx.facts.runs() {
        let piped = run.calls.iter().any(|call| call.name == "yes");
        if piped || cx.facts.steps[run.step].span.end > configured {
            continue;
        }
        for call in run
            .package_calls()
            .filter(|call| managers.contains(&call.manager.name) && asks(call))
        {
            let Some(verb) = call.verb else { continue };
            let message = format!(
                "`{} {}` prompts for confirmation, and the build cannot answer",
                call.call.name, verb.word
            );
            let report = findings.add(call.call.name_span.to(verb.argument.span), message);
            if let Some(edit) = after(cx, verb.argument.span, verb.word, option) {
                report.fix(Fix::new(
                    format!("add `{option}`"),
                    Applicability::Safe,
                    vec![edit],
                ));
            }
        }
    }
}

fn asks(call: &PackageCall<'_>) -> bool {
    let changes = matches!(
        call.action,
        Action::Install | Action::Upgrade | Action::Remove
    );
    let looks = call.options.iter().any(|option| {
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
    changes && !looks && !call.answers_itself() && !call.hides_options()
}

/// Where the file first has a setting that answers: apt's `Assume-Yes`, dnf's `assumeyes`, written
/// or passed.
fn configured_from(cx: &DockerfileContext<'_>) -> usize {
    let text = cx.source.text().to_ascii_lowercase();
    let settings = ["assume-yes \"", "assume-yes=", "assumeyes=", "assume-yes::"];
    settings
        .iter()
        .filter_map(|setting| text.find(setting))
        .min()
        .unwrap_or(usize::MAX)
}

/// A word after another, in a script or an exec form; none where the text does not have that word
/// as it is.
pub(in crate::rules) fn after(
    cx: &DockerfileContext<'_>,
    span: Span,
    word: &str,
    added: &str,
) -> Option<Edit> {
    let written = cx.source.slice(span);
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
