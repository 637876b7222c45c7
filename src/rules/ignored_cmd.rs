//! `ignored-cmd`: a later CMD replaces this one, or ENTRYPOINT does not take it.

use super::support::ignored::report;
use super::support::steps::last_of_kind;
use crate::dockerfile::{Body, Command, Kind};
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "ignored-cmd",
    page: include_str!("../../rules/lint/ignored-cmd.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    report(cx, Kind::Cmd, findings);
    report_shell_form(cx, findings);
}

/// Reports the CMD of the image if a shell runs its ENTRYPOINT and does not pass it on.
fn report_shell_form(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    let Some(stage) = cx.facts.final_stage() else {
        return;
    };
    let (Some(entrypoint), Some(cmd)) = (
        last_of_kind(cx, stage, Kind::Entrypoint),
        last_of_kind(cx, stage, Kind::Cmd),
    ) else {
        return;
    };
    let Body::Command(Command::Shell(script)) = &entrypoint.instruction.body else {
        return;
    };
    // The words of CMD become the parameters of the script, which it may use.
    let text = script.text.as_str();
    let uses_parameters = text.match_indices('$').any(|(at, _)| {
        text[at + 1..]
            .trim_start_matches('{')
            .starts_with(is_parameter)
    });
    if uses_parameters {
        return;
    }
    let keyword = &cmd.instruction.keyword;
    findings
        .add(
            keyword.span,
            format!(
                "this `{}` has no effect: `ENTRYPOINT` is in shell form",
                keyword.text
            ),
        )
        .label(
            entrypoint.instruction.keyword.span,
            "a shell runs this without the `CMD` arguments",
        );
}

/// Whether a character after `$` names a parameter of the script.
fn is_parameter(c: char) -> bool {
    c.is_ascii_digit() || matches!(c, '@' | '*' | '#')
}
