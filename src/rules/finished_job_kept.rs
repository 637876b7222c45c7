//! `finished-job-kept`: a finished job stays in the cluster.

use crate::deployment::Controller;
use crate::lint::{DeploymentContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "finished-job-kept",
    page: include_str!("../../rules/lint/finished-job-kept.md"),
    dockerfile: None,
    image: None,
    deployment: Some(check),
};

fn check(cx: &DeploymentContext<'_>, findings: &mut Findings) {
    for pod in &cx.deployment.pods {
        let is_job = pod.controller == Controller::Job;
        if is_job && !pod.is_partial && pod.time_to_live.is_none() {
            let message = format!("`{}` is not removed after it has finished", *pod.name);
            findings.add(pod.name.place, message);
        }
    }
}
