//! `unreadable-by-user`: the user that a deployment sets cannot read files that the program needs.

use crate::lint::image::first_unreadable;
use crate::lint::{DeploymentContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "unreadable-by-user",
    page: include_str!("../../rules/lint/unreadable-by-user.md"),
    dockerfile: None,
    image: None,
    deployment: Some(check),
};

fn check(cx: &DeploymentContext<'_>, findings: &mut Findings) {
    for container in cx.imaged_workloads() {
        let (image, workload) = (container.image, container.workload);
        // The user of the image itself is the business of the Dockerfile, and another program than
        // that of the image needs other files.
        let (Some(user), Some(plan)) = (&workload.user, image.plan) else {
            continue;
        };
        if workload.entrypoint.is_some() {
            continue;
        }
        let Some(identity) = image.identity(workload) else {
            continue;
        };
        if identity.uid == 0 {
            continue;
        }
        if let Some(name) = first_unreadable(image.tree(), plan, &identity) {
            let message = format!(
                "user `{}` of `{}` cannot read `{}`",
                user.value,
                *workload.name,
                image.path(name)
            );
            findings.add(user.place, message);
        }
    }
}
