//! `invalid-deployment`: a file that describes a deployment cannot be read.

use crate::lint::{DeploymentContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "invalid-deployment",
    page: include_str!("../../rules/lint/invalid-deployment.md"),
    dockerfile: None,
    image: None,
    deployment: Some(check),
};

fn check(cx: &DeploymentContext<'_>, findings: &mut Findings) {
    for problem in &cx.deployment.problems {
        findings.add(problem.place, problem.message.clone());
    }
}
