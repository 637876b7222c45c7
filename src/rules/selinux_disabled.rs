//! `selinux-disabled`: SELinux is switched off for a container.

use crate::deployment::Profile;
use crate::lint::{DeploymentContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "selinux-disabled",
    page: include_str!("../../rules/lint/selinux-disabled.md"),
    dockerfile: None,
    image: None,
    deployment: Some(check),
};

fn check(cx: &DeploymentContext<'_>, findings: &mut Findings) {
    for (_, workload) in cx.workloads() {
        if let Some(profile) = &workload.selinux
            && profile.value == Profile::Unconfined
        {
            findings.add(profile.place, "the container runs without SELinux");
        }
    }
}
