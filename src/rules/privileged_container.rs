//! `privileged-container`: a container is started with all privileges.

use crate::lint::{DeploymentContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "privileged-container",
    page: include_str!("../../rules/lint/privileged-container.md"),
    dockerfile: None,
    image: None,
    deployment: Some(check),
};

fn check(cx: &DeploymentContext<'_>, findings: &mut Findings) {
    for (_, workload) in cx.workloads() {
        if let Some(privileged) = &workload.privileged
            && privileged.value
        {
            let message = format!(
                "`{}` is privileged: it can take over the host",
                *workload.name
            );
            findings.add(privileged.place, message);
        }
    }
}
