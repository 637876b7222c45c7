//! `missing-run-as-non-root`: the user of a container is left to the image.

use crate::lint::{DeploymentContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "missing-run-as-non-root",
    page: include_str!("../../rules/lint/missing-run-as-non-root.md"),
    dockerfile: None,
    image: None,
    deployment: Some(check),
};

fn check(cx: &DeploymentContext<'_>, findings: &mut Findings) {
    for (pod, workload) in cx.complete_workloads() {
        let is_refused = workload.run_as_non_root.as_ref().is_some_and(|is| is.value);
        if pod.controller.is_kubernetes() && !is_refused && workload.user.is_none() {
            let message = format!("`{}` may run as root", *workload.name);
            findings.add(workload.name.place, message);
        }
    }
}
