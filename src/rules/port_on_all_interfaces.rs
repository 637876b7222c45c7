//! `port-on-all-interfaces`: a port is published on all interfaces.

use crate::lint::{DeploymentContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "port-on-all-interfaces",
    page: include_str!("../../rules/lint/port-on-all-interfaces.md"),
    dockerfile: None,
    image: None,
    deployment: Some(check),
};

fn check(cx: &DeploymentContext<'_>, findings: &mut Findings) {
    for (pod, workload) in cx.workloads() {
        if pod.controller.is_kubernetes() {
            continue;
        }
        for port in &workload.ports {
            let Some(host) = &port.host else {
                continue;
            };
            let address = port.address.as_deref().unwrap_or("0.0.0.0");
            let is_everywhere = matches!(address, "" | "0.0.0.0" | "::");
            if is_everywhere && !matches!(host.as_str(), "80" | "443") {
                let number = port.container.as_deref().unwrap_or("a port");
                let message = format!("`{}` publishes {number} on all interfaces", *workload.name);
                findings.add(port.place, message);
            }
        }
    }
}
