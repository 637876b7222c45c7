//! `carriage-return-in-heredoc`: a script in a heredoc has the line ends of Windows.

use super::support::steps::is_on_windows;
use crate::dockerfile::{Heredoc, Kind};
use crate::lint::facts::Step;
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "carriage-return-in-heredoc",
    page: include_str!("../../rules/lint/carriage-return-in-heredoc.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for step in &cx.facts.steps {
        // Shells on Windows accept carriage returns.
        if is_on_windows(cx, step) {
            continue;
        }
        // One finding for each instruction: all heredocs of a file have the same line ends.
        let mut heredocs = step.instruction.heredocs.iter();
        let Some(script) = heredocs.find(|heredoc| is_script(cx, step, heredoc)) else {
            continue;
        };
        findings
            .add(
                script.opener,
                format!(
                    "heredoc `{}` has carriage returns, which become part of the commands",
                    script.name
                ),
            )
            .note("BuildKit removes carriage returns everywhere except in heredocs");
    }
}

/// Whether a heredoc is a script with carriage returns.
fn is_script(cx: &DockerfileContext<'_>, step: &Step<'_>, heredoc: &Heredoc) -> bool {
    let body = cx.source.slice(heredoc.body);
    if !body.contains("\r\n") {
        return false;
    }
    // Next to a command, a heredoc is its input, which may be a file for any program.
    let is_of_run = step.kind() == Kind::Run
        && step.shell.kind.is_posix()
        && step.instruction.arguments.as_str().trim() == cx.source.slice(heredoc.opener);
    is_of_run || body.starts_with("#!")
}
