//! `added-capability`: a container gets a capability that can change the host.

use crate::deployment::capability;
use crate::lint::{DeploymentContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "added-capability",
    page: include_str!("../../rules/lint/added-capability.md"),
    dockerfile: None,
    image: None,
    deployment: Some(check),
};

/// Capabilities that Docker grants to every container. Source: Docker, "Runtime privilege and Linux
/// capabilities".
const GRANTED: [&str; 14] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "NET_RAW",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

/// Others that affect neither the host nor other containers.
const HARMLESS: [&str; 5] = [
    "IPC_LOCK",
    "SYS_NICE",
    "LEASE",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
];

fn check(cx: &DeploymentContext<'_>, findings: &mut Findings) {
    for (_, workload) in cx.workloads() {
        // `privileged` includes all of them and has a rule of its own.
        if workload.is_privileged() {
            continue;
        }
        for added in &workload.cap_add {
            let name = capability(added);
            if !GRANTED.contains(&name.as_str()) && !HARMLESS.contains(&name.as_str()) {
                let message = match name.as_str() {
                    "ALL" => format!("`{}` gets all capabilities", *workload.name),
                    name => format!("`{}` gets the capability `{name}`", *workload.name),
                };
                findings.add(added.place, message);
            }
        }
    }
}
