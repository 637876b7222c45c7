//! `workdir-relative-to-another`: a WORKDIR is relative to the one before it.

use super::support::workdirs::{fix, relative};
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "workdir-relative-to-another",
    page: include_str!("../../rules/lint/workdir-relative-to-another.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for (step, word) in relative(cx) {
        // The first WORKDIR of a stage is reported by `relative-workdir`.
        let Some(before) = step.workdir.set_by else {
            continue;
        };
        let written = word.text.as_str().trim_matches(['"', '\'']);
        let message = format!("`{written}` is relative to the previous `WORKDIR`");
        let report = findings
            .add(word.span, message)
            .label(before, "previous `WORKDIR`");
        if let Some(fix) = fix(step, word.literal(), word.span) {
            report.fix(fix);
        }
    }
}
