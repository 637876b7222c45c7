//! `curl-without-fail`: curl saves or runs the error page of a failed request.

use super::support::options::{curl_letters, is_long};
use super::support::unattended::insert_after;
use crate::knowledge::ProgramClass;
use crate::lint::facts::{Call, Run};
use crate::lint::{DockerfileContext, Findings, Fix, Rule};

pub(super) const RULE: Rule = Rule {
    name: "curl-without-fail",
    page: include_str!("../../rules/lint/curl-without-fail.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

/// Long options with which curl fails for HTTP errors, or lets the script look at the status.
const OTHER: [&str; 8] = [
    "--fail",
    "--fail-with-body",
    "--config",
    "--head",
    "--dump-header",
    "--include",
    "--write-out",
    "--upload-file",
];

/// The short forms of these options.
const OTHER_LETTERS: &str = "fKIDiwT";

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for run in cx.facts.runs() {
        // A page of an error has another checksum.
        if run.verifies() {
            continue;
        }
        for call in &run.calls {
            if call.name != "curl" || call.downloads().is_empty() || has_other(call) {
                continue;
            }
            let what = if saves(run, call) {
                "saves"
            } else if is_run(run, call) {
                "runs"
            } else {
                continue;
            };
            let message = format!("`curl` without `-f` {what} the error page if the request fails");
            let report = findings.add(call.name_span, message);
            if let Some(edit) = insert_after(cx, call.name_span, "curl", "-f") {
                report.fix(Fix::marked_unsafe("fail on HTTP errors", [edit]));
            }
        }
    }
}

/// Whether a call has one of the other options, or may have one.
fn has_other(call: &Call) -> bool {
    call.has_unknown_options()
        || call.words().any(|word| {
            is_long(word, &OTHER)
                || curl_letters(word).contains(|letter| OTHER_LETTERS.contains(letter))
        })
}

/// Whether the output goes to a file.
fn saves(run: &Run<'_>, call: &Call) -> bool {
    let has_option = call.words().any(|word| {
        is_long(
            word,
            &[
                "--output",
                "--remote-name",
                "--remote-name-all",
                "--output-dir",
            ],
        ) || curl_letters(word).contains(['o', 'O'])
    });
    let mut redirections = run.script.iter().flat_map(|script| &script.redirections);
    has_option
        || redirections.any(|redirection| {
            // The output for errors has file descriptor 2.
            redirection.command == call.command
                && redirection.operator.starts_with('>')
                && redirection.fd.is_none_or(|fd| fd == 1)
        })
}

/// Whether a shell or an interpreter runs the output.
fn is_run(run: &Run<'_>, call: &Call) -> bool {
    let (Some(script), Some(command)) = (&run.script, call.command) else {
        return false;
    };
    for pipeline in &script.pipelines {
        let mut stages = pipeline.stages.iter();
        if stages.any(|&stage| stage == command)
            && let Some(&next) = stages.next()
        {
            let mut calls = run.calls.iter();
            return calls.any(|call| {
                call.command == Some(next)
                    && (ProgramClass::Shell.contains(&call.name)
                        || ProgramClass::Interpreter.contains(&call.name))
            });
        }
    }
    false
}
