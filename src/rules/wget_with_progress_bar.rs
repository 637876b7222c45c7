//! `wget-with-progress-bar`: wget writes a progress bar to the build log.

use super::support::unattended::after;
use crate::lint::facts::Call;
use crate::lint::{Applicability, DockerfileContext, Findings, Fix, Rule};

pub(super) const RULE: Rule = Rule {
    name: "wget-with-progress-bar",
    page: include_str!("../../rules/lint/wget-with-progress-bar.md"),
    dockerfile: Some(check),
    image: None,
};

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

/// Letters that take the rest of their word, or the next, for a value.
const VALUED: &str = "OPUTetiwQARDXIYBl";

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for call in cx
        .facts
        .runs()
        .iter()
        .flat_map(|run| &run.calls)
        .filter(|call| call.name == "wget" && shows_progress(call))
    {
        let report = findings.add(
            call.name_span,
            "`wget` writes a progress bar of thousands of lines to the build log",
        );
        if let Some(edit) = after(cx, call.name_span, "wget", "--progress=dot:giga") {
            report.fix(Fix::new(
                "add `--progress=dot:giga`",
                Applicability::Unsafe,
                vec![edit],
            ));
        }
    }
}

fn shows_progress(call: &Call) -> bool {
    let hidden = call.arguments.iter().any(|argument| {
        argument.values.is_none() && argument.raw.to_ascii_lowercase().contains("opt")
    });
    !hidden && !call.words().any(is_quiet)
}

fn is_quiet(word: &str) -> bool {
    if let Some(long) = word.strip_prefix("--") {
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
    letters.contains(['q', 'o', 'a']) || letters.contains("nv")
}
