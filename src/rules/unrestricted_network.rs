//! `unrestricted-network`: a container may connect to everything.

use std::collections::{HashMap, HashSet};

use crate::deployment::{Deployment, NetworkPolicy, Pod};
use crate::lint::{DeploymentContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "unrestricted-network",
    page: include_str!("../../rules/lint/unrestricted-network.md"),
    dockerfile: None,
    image: None,
    deployment: Some(check),
};

/// Maximum number of labels that are compared. Pods that are left count as not selected: a file
/// could otherwise hide them.
const MAX_COMPARED: usize = 4 << 20;

fn check(cx: &DeploymentContext<'_>, findings: &mut Findings) {
    let mut policies = Policies::of(&cx.deployment.policies);
    let closed = closed_networks(cx.deployment);
    for pod in &cx.deployment.pods {
        if pod.is_partial || pod.has_host_network() {
            continue;
        }
        let is_restricted = if pod.controller.is_kubernetes() {
            policies.select(pod)
        } else {
            is_internal(&closed, pod)
        };
        if !is_restricted {
            let message = format!("`{}` may connect to everything", *pod.name);
            findings.add(pod.name.place, message);
        }
    }
}

/// The network policies of a manifest, by namespace.
struct Policies<'a> {
    selectors: HashMap<&'a str, Vec<&'a [(String, String)]>>,
    /// Namespaces with a policy that selects every pod, as far as is known.
    selected: HashSet<&'a str>,
    compared: usize,
}

impl<'a> Policies<'a> {
    fn of(policies: &'a [NetworkPolicy]) -> Self {
        let mut selectors: HashMap<&str, Vec<&[(String, String)]>> = HashMap::new();
        let mut selected = HashSet::new();
        for policy in policies {
            let namespace = namespace(policy.namespace.as_ref());
            if policy.has_expressions || policy.labels.is_empty() {
                selected.insert(namespace);
            } else {
                selectors.entry(namespace).or_default().push(&policy.labels);
            }
        }
        for selectors in selectors.values_mut() {
            selectors.sort_unstable();
            selectors.dedup();
        }
        Self {
            selectors,
            selected,
            compared: 0,
        }
    }

    /// Whether a policy selects a pod.
    fn select(&mut self, pod: &Pod) -> bool {
        let namespace = namespace(pod.namespace.as_ref());
        if self.selected.contains(namespace) {
            return true;
        }
        for labels in self.selectors.get(namespace).into_iter().flatten() {
            if self.compared >= MAX_COMPARED {
                return false;
            }
            self.compared += labels.len();
            let mut labels = labels.iter();
            if labels.all(|(key, value)| pod.labels.get(key) == Some(value)) {
                return true;
            }
        }
        false
    }
}

fn namespace(name: Option<&String>) -> &str {
    name.map_or("default", String::as_str)
}

/// The networks that are internal or of someone else.
fn closed_networks(deployment: &Deployment) -> HashSet<&str> {
    let networks = deployment.networks.iter();
    networks
        .filter(|network| network.is_internal || network.is_external)
        .map(|network| network.name.as_str())
        .collect()
}

/// Whether a service publishes a port, or all of its networks are closed.
fn is_internal(closed: &HashSet<&str>, pod: &Pod) -> bool {
    let mut ports = pod.workloads.iter().flat_map(|workload| &workload.ports);
    if ports.any(|port| port.host.is_some()) || pod.has_other_network {
        return true;
    }
    !pod.networks.is_empty()
        && pod
            .networks
            .iter()
            .all(|name| closed.contains(name.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deployment::{Controller, Place, Spanned};

    fn policy(namespace: Option<&str>, labels: &[(&str, &str)]) -> NetworkPolicy {
        let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        NetworkPolicy {
            place: Place::new(0, 0, 0),
            namespace: namespace.map(str::to_owned),
            labels: labels.iter().map(owned).collect(),
            has_expressions: false,
        }
    }

    fn pod(namespace: Option<&str>, labels: &[(&str, &str)]) -> Pod {
        let name = Spanned::new("web".to_owned(), Place::new(0, 0, 0));
        let mut pod = Pod::new(name, Controller::Pod);
        pod.namespace = namespace.map(str::to_owned);
        for (key, value) in labels {
            pod.labels.insert((*key).to_owned(), (*value).to_owned());
        }
        pod
    }

    #[test]
    fn a_policy_selects_pods_of_its_namespace_with_all_of_its_labels() {
        let policies = [
            policy(None, &[("app", "a"), ("tier", "web")]),
            policy(None, &[("app", "b")]),
            policy(Some("all"), &[]),
            policy(Some("all"), &[("app", "c")]),
        ];
        let mut policies = Policies::of(&policies);
        for (namespace, labels, expected) in [
            (None, &[("app", "a"), ("tier", "web"), ("x", "y")][..], true),
            (Some("default"), &[("app", "b")], true),
            (None, &[("app", "a")], false),
            (None, &[], false),
            (Some("other"), &[("app", "b")], false),
            (Some("all"), &[], true),
        ] {
            let selected = policies.select(&pod(namespace, labels));
            assert_eq!(selected, expected, "{namespace:?} {labels:?}");
        }
    }

    #[test]
    fn equal_policies_are_compared_once_and_others_within_a_limit() {
        let equal = vec![policy(None, &[("app", "a")]); 5000];
        let mut policies = Policies::of(&equal);
        for _ in 0..100 {
            assert!(!policies.select(&pod(None, &[("app", "b")])));
        }
        assert_eq!(policies.compared, 100);
        let different: Vec<_> = (0..5000)
            .map(|number| policy(None, &[("app", number.to_string().as_str())]))
            .collect();
        let mut policies = Policies::of(&different);
        let other = pod(None, &[("app", "b")]);
        for _ in 0..1000 {
            assert!(!policies.select(&other));
        }
        assert_eq!(policies.compared, MAX_COMPARED);
    }
}
