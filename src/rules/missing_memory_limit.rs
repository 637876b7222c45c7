//! `missing-memory-limit`: a container may use all memory of the host.

use crate::lint::{DeploymentContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "missing-memory-limit",
    page: include_str!("../../rules/lint/missing-memory-limit.md"),
    dockerfile: None,
    image: None,
    deployment: Some(check),
};

fn check(cx: &DeploymentContext<'_>, findings: &mut Findings) {
    for (_, workload) in cx.lasting_workloads() {
        if workload.limits.memory.is_none() {
            let message = format!("`{}` may use all memory of the host", *workload.name);
            findings.add(workload.name.place, message);
        }
    }
}
