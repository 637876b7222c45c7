//! `wget-with-progress-bar`: wget writes a progress bar to the build log.

use super::support::unattended::insert_after;
use crate::lint::facts::Call;
use crate::lint::{Applicability, DockerfileContext, Findings, Fix, Rule};

pub(super) const RULE: Rule = Rule {
    name: "wget-with-progress-bar",
    page: include_str!("../../rules/lint/wget-with-progress-bar.md"),
    dockerfile: Some(check),
    image: None,
};

/// Long options with which wget writes no progress bar to the log.
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
    for call in cx.facts.runs().iter().flat_map(|run| &run.calls) {
        if call.name != "wget" || !shows_progress(call) {
            continue;
        }
        let report = findings.add(
            call.name_span,
            "`wget` writes a progress bar of thousands of lines to the build log",
        );
        if let Some(edit) = insert_after(cx, call.name_span, "wget", "--progress=dot:giga") {
            report.fix(Fix::new(
                "add `--progress=dot:giga`",
                Applicability::Unsafe,
                vec![edit],
            ));
        }
    }
}

/// Whether no option of a call turns the progress bar off.
fn shows_progress(call: &Call) -> bool {
    // A variable such as `$WGET_OPTS` probably does.
    let hidden = call.arguments.iter().any(|argument| {
        argument.values.is_none() && argument.raw.to_ascii_lowercase().contains("opt")
    });
    !hidden && !call.words().any(is_quiet)
}

/// Whether a word is an option that turns the progress bar off, alone or in a bundle.
fn is_quiet(word: &str) -> bool {
    if let Some(long) = word.strip_prefix("--") {
        // `--progress=dot` and `--progress dot` are the same option.
        let name = long.split('=').next().unwrap_or(long);
        return QUIET.iter().any(|known| &known[2..] == name);
    }
    let Some(letters) = word.strip_prefix('-') else {
        return false;
    };
    let letters = letters
        .split_inclusive(|letter| VALUED.contains(letter))
        .next()
        .unwrap_or_default();
    // `-nv` is one option of two letters.
    letters.contains(['q', 'o', 'a']) || letters.contains("nv")
}
