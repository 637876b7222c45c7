//! `unrestricted-network`: a container may connect to everything.

use crate::deployment::{Deployment, Pod};
use crate::lint::{DeploymentContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "unrestricted-network",
    page: include_str!("../../rules/lint/unrestricted-network.md"),
    dockerfile: None,
    image: None,
    deployment: Some(check),
};

fn check(cx: &DeploymentContext<'_>, findings: &mut Findings) {
    for pod in &cx.deployment.pods {
        if pod.is_partial || pod.has_host_network() {
            continue;
        }
        let is_restricted = if pod.controller.is_kubernetes() {
            has_policy(cx.deployment, pod)
        } else {
            is_internal(cx.deployment, pod)
        };
        if !is_restricted {
            let message = format!("`{}` may connect to everything", *pod.name);
            findings.add(pod.name.place, message);
        }
    }
}

/// Whether a network policy of the manifest selects a pod.
fn has_policy(deployment: &Deployment, pod: &Pod) -> bool {
    let namespace = |name: &Option<String>| name.clone().unwrap_or_else(|| "default".to_owned());
    deployment.policies.iter().any(|policy| {
        let labels = policy.labels.iter();
        namespace(&policy.namespace) == namespace(&pod.namespace)
            && (policy.has_expressions
                || labels
                    .into_iter()
                    .all(|(key, value)| pod.labels.get(key) == Some(value)))
    })
}

/// Whether a service publishes a port, or all of its networks are internal or of someone else.
fn is_internal(deployment: &Deployment, pod: &Pod) -> bool {
    let mut ports = pod.workloads.iter().flat_map(|workload| &workload.ports);
    if ports.any(|port| port.host.is_some()) || pod.has_other_network {
        return true;
    }
    !pod.networks.is_empty()
        && pod.networks.iter().all(|name| {
            deployment
                .network(name)
                .is_some_and(|network| network.is_internal || network.is_external)
        })
}
