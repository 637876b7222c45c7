//! `relative-workdir`: a relative WORKDIR depends on the base image.

use super::support::workdirs::{fix, relative};
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "relative-workdir",
    page: include_str!("../../rules/lint/relative-workdir.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for (step, word) in relative(cx) {
        // After another WORKDIR, a relative one has a known base (`workdir-relative-to-another`).
        if step.workdir.set_by.is_some() {
            continue;
        }
        let written = word.text.as_str().trim_matches(['"', '\'']);
        let message = format!("relative `WORKDIR` `{written}` depends on the base image");
        let report = findings.add(word.span, message);
        if let Some(fix) = fix(step, word.literal(), word.span) {
            report.fix(fix);
        }
    }
}
