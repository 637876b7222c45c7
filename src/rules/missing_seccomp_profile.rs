//! `missing-seccomp-profile`: Kubernetes may start a container without seccomp.

use crate::lint::{DeploymentContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "missing-seccomp-profile",
    page: include_str!("../../rules/lint/missing-seccomp-profile.md"),
    dockerfile: None,
    image: None,
    deployment: Some(check),
};

fn check(cx: &DeploymentContext<'_>, findings: &mut Findings) {
    for (pod, workload) in cx.complete_workloads() {
        let is_unset = workload.seccomp.is_none() && !workload.is_privileged();
        if pod.controller.is_kubernetes() && is_unset {
            let message = format!("`{}` may run without seccomp", *workload.name);
            findings.add(workload.name.place, message);
        }
    }
}
