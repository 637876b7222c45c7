//! `missing-pids-limit`: a service may start any number of processes.

use crate::lint::{DeploymentContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "missing-pids-limit",
    page: include_str!("../../rules/lint/missing-pids-limit.md"),
    dockerfile: None,
    image: None,
    deployment: Some(check),
};

fn check(cx: &DeploymentContext<'_>, findings: &mut Findings) {
    for (pod, workload) in cx.lasting_workloads() {
        if !pod.controller.is_kubernetes() && workload.limits.pids.is_none() {
            let message = format!("`{}` may start any number of processes", *workload.name);
            findings.add(workload.name.place, message);
        }
    }
}
