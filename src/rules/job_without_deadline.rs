//! `job-without-deadline`: a job may run forever.

use crate::deployment::Controller;
use crate::lint::{DeploymentContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "job-without-deadline",
    page: include_str!("../../rules/lint/job-without-deadline.md"),
    dockerfile: None,
    image: None,
    deployment: Some(check),
};

fn check(cx: &DeploymentContext<'_>, findings: &mut Findings) {
    for pod in &cx.deployment.pods {
        let is_job = matches!(pod.controller, Controller::Job | Controller::CronJob);
        if is_job && !pod.is_partial && pod.deadline.is_none() {
            let message = format!("`{}` may run forever: it has no deadline", *pod.name);
            findings.add(pod.name.place, message);
        }
    }
}
