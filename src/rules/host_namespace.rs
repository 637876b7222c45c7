//! `host-namespace`: a container shares a namespace with the host.

use crate::lint::{DeploymentContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "host-namespace",
    page: include_str!("../../rules/lint/host-namespace.md"),
    dockerfile: None,
    image: None,
    deployment: Some(check),
};

fn check(cx: &DeploymentContext<'_>, findings: &mut Findings) {
    for pod in &cx.deployment.pods {
        for namespace in &pod.host_namespaces {
            let name = namespace.value.as_str();
            let message = format!("`{}` shares the {name} namespace of the host", *pod.name);
            findings.add(namespace.place, message);
        }
    }
}
