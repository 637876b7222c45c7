//! `shell-form-healthcheck`: a health check starts a shell that it does not need.

use crate::dockerfile::{Body, Command};
use crate::lint::facts::exec_form;
use crate::lint::{DockerfileContext, Edit, Findings, Fix, Rule};

pub(super) const RULE: Rule = Rule {
    name: "shell-form-healthcheck",
    page: include_str!("../../rules/lint/shell-form-healthcheck.md"),
    dockerfile: Some(check),
    image: None,
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
        let Some(replacement) = exec_form(script) else {
            continue;
        };
        let span = script
            .text
            .source_span(0, script.text.as_str().trim_end().len());
        let title = format!("use the exec form: `{replacement}`");
        let fix = Fix::safe(title, [Edit { span, replacement }]);
        findings
            .add(span, "health check starts a shell that it does not need")
            .fix(fix);
    }
}
