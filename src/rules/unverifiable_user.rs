//! `unverifiable-user`: Kubernetes refuses to start a container, because of the image's user.

use crate::lint::{DeploymentContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "unverifiable-user",
    page: include_str!("../../rules/lint/unverifiable-user.md"),
    dockerfile: None,
    image: None,
    deployment: Some(check),
};

fn check(cx: &DeploymentContext<'_>, findings: &mut Findings) {
    for container in cx.imaged_workloads() {
        let workload = container.workload;
        let Some(setting) = &workload.run_as_non_root else {
            continue;
        };
        if !setting.value || workload.user.is_some() {
            continue;
        }
        let user = container.image.image.config.user();
        let user = user.split(':').next().unwrap_or(user);
        let reason = match user.parse::<u64>() {
            _ if user.is_empty() => "runs as root".to_owned(),
            Ok(0) => "runs as root".to_owned(),
            Ok(_) => continue,
            Err(_) => format!("has the user `{user}`, a name"),
        };
        let message = format!(
            "`{}` does not start: the image `{}` {reason}",
            *workload.name, container.image.reference
        );
        findings.add(setting.place, message);
    }
}
