//! `unlimited-restart`: a service is restarted without limit.

use crate::lint::{DeploymentContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "unlimited-restart",
    page: include_str!("../../rules/lint/unlimited-restart.md"),
    dockerfile: None,
    image: None,
    deployment: Some(check),
};

fn check(cx: &DeploymentContext<'_>, findings: &mut Findings) {
    for pod in &cx.deployment.pods {
        let Some(restart) = &pod.restart else {
            continue;
        };
        let is_unlimited = matches!(restart.as_str(), "always" | "unless-stopped" | "on-failure");
        if !pod.controller.is_kubernetes() && is_unlimited {
            let message = format!("`{}` is restarted without limit", *pod.name);
            findings.add(restart.place, message);
        }
    }
}
