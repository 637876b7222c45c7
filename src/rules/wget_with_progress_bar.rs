//! `wget-with-progress-bar`: wget writes a progress bar to the build log.

use super::support::options::{is_long, letters};
use super::support::unattended::insert_after;
use crate::lint::facts::Call;
use crate::lint::{DockerfileContext, Findings, Fix, Rule};

pub(super) const RULE: Rule = Rule {
    name: "wget-with-progress-bar",
    page: include_str!("../../rules/lint/wget-with-progress-bar.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

/// Long options that keep wget from writing a progress bar to the log.
const QUIET: [&str; 8] = [
    "--progress",
    "--quiet",
    "--output-file",
    "--append-output",
    "--no-verbose",
    "--spider",
    "--version",
    "--help",
];

/// Short options whose value is the rest of their word or the next word.
const VALUED: &str = "OPUTetiwQARDXIYBl";

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for (_, call) in cx.facts.calls() {
        if call.name != "wget" || !shows_progress(call) {
            continue;
        }
        let message = "`wget` writes its progress bar to the build log";
        let report = findings.add(call.name_span, message);
        if let Some(edit) = insert_after(cx, call.name_span, "wget", "--progress=dot:giga") {
            report.fix(Fix::marked_unsafe("add `--progress=dot:giga`", [edit]));
        }
    }
}

/// Whether a call has no option that disables the progress bar.
fn shows_progress(call: &Call) -> bool {
    // A variable such as `$WGET_OPTS` probably contains one.
    let hidden = call.arguments.iter().any(|argument| {
        argument.values.is_none() && argument.raw.to_ascii_lowercase().contains("opt")
    });
    !hidden && !call.words().any(is_quiet)
}

/// Whether a word is an option that turns the progress bar off, alone or in a bundle.
fn is_quiet(word: &str) -> bool {
    let letters = letters(word, VALUED);
    // `-nv` is a single option with two letters.
    is_long(word, &QUIET) || letters.contains(['q', 'o', 'a']) || letters.contains("nv")
}
