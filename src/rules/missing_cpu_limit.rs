//! `missing-cpu-limit`: a container may use all CPU time of the host.

use crate::lint::{DeploymentContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "missing-cpu-limit",
    page: include_str!("../../rules/lint/missing-cpu-limit.md"),
    dockerfile: None,
    image: None,
    deployment: Some(check),
};

fn check(cx: &DeploymentContext<'_>, findings: &mut Findings) {
    for (_, workload) in cx.lasting_workloads() {
        if workload.limits.cpu.is_none() {
            let message = format!("`{}` may use all CPU time of the host", *workload.name);
            findings.add(workload.name.place, message);
        }
    }
}
