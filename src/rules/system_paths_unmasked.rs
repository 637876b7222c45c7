//! `system-paths-unmasked`: sensitive files in /proc are visible in a container.

use crate::lint::{DeploymentContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "system-paths-unmasked",
    page: include_str!("../../rules/lint/system-paths-unmasked.md"),
    dockerfile: None,
    image: None,
    deployment: Some(check),
};

fn check(cx: &DeploymentContext<'_>, findings: &mut Findings) {
    for (_, workload) in cx.workloads() {
        if let Some(place) = workload.unmasked_paths {
            let message = format!("`{}` sees all of `/proc` and `/sys`", *workload.name);
            findings.add(place, message);
        }
    }
}
