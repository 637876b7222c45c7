//! `host-port`: a container takes a port of the node.

use crate::lint::{DeploymentContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "host-port",
    page: include_str!("../../rules/lint/host-port.md"),
    dockerfile: None,
    image: None,
    deployment: Some(check),
};

fn check(cx: &DeploymentContext<'_>, findings: &mut Findings) {
    for (pod, workload) in cx.workloads() {
        // With the network of the host, every port is one of the node.
        if !pod.controller.is_kubernetes() || pod.has_host_network() {
            continue;
        }
        for port in &workload.ports {
            if let Some(host) = &port.host
                && host != "0"
            {
                let message = format!("`{}` takes port {host} of the node", *workload.name);
                findings.add(port.place, message);
            }
        }
    }
}
