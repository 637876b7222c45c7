//! `pipe-without-pipefail`: a pipeline ignores failures of all but its last command.

use super::support::pipelines::{Failure, report};
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "pipe-without-pipefail",
    page: include_str!("../../rules/lint/pipe-without-pipefail.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    report(cx, findings, Failure::Hidden);
}
