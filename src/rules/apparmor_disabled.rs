//! `apparmor-disabled`: AppArmor is switched off for a container.

use crate::deployment::Profile;
use crate::lint::{DeploymentContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "apparmor-disabled",
    page: include_str!("../../rules/lint/apparmor-disabled.md"),
    dockerfile: None,
    image: None,
    deployment: Some(check),
};

fn check(cx: &DeploymentContext<'_>, findings: &mut Findings) {
    for (_, workload) in cx.workloads() {
        if let Some(profile) = &workload.apparmor
            && profile.value == Profile::Unconfined
        {
            findings.add(profile.place, "the container runs without AppArmor");
        }
    }
}
