//! `powershell-in-run`: a RUN starts PowerShell instead of using SHELL.

use crate::dockerfile::Command;
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "powershell-in-run",
    page: include_str!("../../rules/lint/powershell-in-run.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for run in cx.facts.runs() {
        // `cmd` scripts are not parsed, so only their first word is known.
        let Command::Shell(script) = run.command else {
            continue;
        };
        let text = script.text.as_str();
        let word = text.split_whitespace().next().unwrap_or_default();
        let name = word
            .rsplit(['/', '\\'])
            .next()
            .unwrap_or(word)
            .to_ascii_lowercase();
        if matches!(
            name.strip_suffix(".exe").unwrap_or(&name),
            "powershell" | "pwsh"
        ) {
            // The script may start with whitespace.
            let start = text.find(word).unwrap_or(0);
            let span = script.text.source_span(start, start + word.len());
            let message = "`RUN` starts PowerShell from a shell; use `SHELL` instead";
            findings.add(span, message);
        }
    }
}
