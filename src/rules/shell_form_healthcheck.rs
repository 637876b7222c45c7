//! `shell-form-healthcheck`: a health check starts a shell that it does not need.

use super::support::exec_form_edit::as_exec_form;
use crate::dockerfile::{Body, Command};
use crate::lint::{DockerfileContext, Findings, Fix, Rule};

pub(super) const RULE: Rule = Rule {
    name: "shell-form-healthcheck",
    page: include_str!("../../rules/lint/shell-form-healthcheck.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    // After a SHELL instruction, the shell is intended.
    for step in cx
        .facts
        .steps
        .iter()
        .filter(|step| step.shell.set_by.is_none())
    {
        let Body::Healthcheck(Some(Command::Shell(script))) = &step.instruction.body else {
            continue;
        };
        // `curl … || exit 1` is a script, which needs its shell.
        let Some((form, edit)) = as_exec_form(cx, script) else {
            continue;
        };
        let span = edit.span;
        let title = format!("use the exec form: `{form}`");
        let fix = Fix::safe(title, [edit]);
        findings
            .add(span, "health check starts an unnecessary shell")
            .fix(fix);
    }
}
