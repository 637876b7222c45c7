//! `privilege-escalation-allowed`: setuid programs can raise privileges.

use crate::lint::{DeploymentContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "privilege-escalation-allowed",
    page: include_str!("../../rules/lint/privilege-escalation-allowed.md"),
    dockerfile: None,
    image: None,
    deployment: Some(check),
};

fn check(cx: &DeploymentContext<'_>, findings: &mut Findings) {
    for (_, workload) in cx.complete_workloads() {
        let allowed = &workload.privilege_escalation;
        if workload.is_privileged() || allowed.as_ref().is_some_and(|allowed| !allowed.value) {
            continue;
        }
        let place = allowed
            .as_ref()
            .map_or(workload.name.place, |allowed| allowed.place);
        let setting = if cx.is_compose() {
            "`no-new-privileges`"
        } else {
            "`allowPrivilegeEscalation: false`"
        };
        findings.add(
            place,
            format!("`{}` is started without {setting}", *workload.name),
        );
    }
}
