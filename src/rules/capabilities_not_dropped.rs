//! `capabilities-not-dropped`: a container keeps the default capabilities.

use crate::lint::{DeploymentContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "capabilities-not-dropped",
    page: include_str!("../../rules/lint/capabilities-not-dropped.md"),
    dockerfile: None,
    image: None,
    deployment: Some(check),
};

fn check(cx: &DeploymentContext<'_>, findings: &mut Findings) {
    for (_, workload) in cx.complete_workloads() {
        if !workload.drops_all() && !workload.is_privileged() {
            let message = format!("`{}` keeps the default capabilities", *workload.name);
            findings.add(workload.name.place, message);
        }
    }
}
