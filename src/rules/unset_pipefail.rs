//! `unset-pipefail`: `pipefail` is not set for a pipeline in which a failure is harmless.

use super::support::pipelines::{Failure, report};
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "unset-pipefail",
    page: include_str!("../../rules/lint/unset-pipefail.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    report(cx, findings, Failure::Harmless);
}
