//! `writable-root-filesystem`: the root file system of a container is writable.

use crate::lint::{DeploymentContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "writable-root-filesystem",
    page: include_str!("../../rules/lint/writable-root-filesystem.md"),
    dockerfile: None,
    image: None,
    deployment: Some(check),
};

fn check(cx: &DeploymentContext<'_>, findings: &mut Findings) {
    for (_, workload) in cx.complete_workloads() {
        let setting = &workload.read_only_root;
        if setting.as_ref().is_some_and(|read_only| read_only.value) {
            continue;
        }
        let place = setting
            .as_ref()
            .map_or(workload.name.place, |setting| setting.place);
        let message = format!("`{}` has a writable root file system", *workload.name);
        findings.add(place, message);
    }
}
