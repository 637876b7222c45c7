//! `service-account-token-mounted`: a pod gets a token for the Kubernetes API.

use crate::lint::{DeploymentContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "service-account-token-mounted",
    page: include_str!("../../rules/lint/service-account-token-mounted.md"),
    dockerfile: None,
    image: None,
    deployment: Some(check),
};

fn check(cx: &DeploymentContext<'_>, findings: &mut Findings) {
    for pod in &cx.deployment.pods {
        let is_off = pod
            .service_account_token
            .as_ref()
            .is_some_and(|token| !token.value);
        let has_account = pod
            .service_account
            .as_ref()
            .is_some_and(|name| *name.value != *"default");
        let is_silent = pod.service_account_token.is_none() && has_account;
        if !pod.controller.is_kubernetes() || pod.is_partial || is_off || is_silent {
            continue;
        }
        let place = pod
            .service_account_token
            .as_ref()
            .map_or(pod.name.place, |token| token.place);
        findings.add(
            place,
            format!("`{}` gets a token for the Kubernetes API", *pod.name),
        );
    }
}
