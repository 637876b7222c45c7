//! `host-path-mounted`: a container gets a system directory of the host.

use crate::deployment::MountSource;
use crate::lint::{DeploymentContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "host-path-mounted",
    page: include_str!("../../rules/lint/host-path-mounted.md"),
    dockerfile: None,
    image: None,
    deployment: Some(check),
};

/// Directories with secrets, which are not even mounted to be read.
const SECRET: [&str; 8] = [
    "/",
    "/etc",
    "/root",
    "/home",
    "/var/lib/docker",
    "/var/lib/containerd",
    "/var/lib/kubelet",
    "/etc/kubernetes",
];

/// Directories that let a process that can write to them take over the host.
const SYSTEM: [&str; 14] = [
    "/bin",
    "/boot",
    "/dev",
    "/lib",
    "/lib64",
    "/opt",
    "/proc",
    "/run",
    "/sbin",
    "/sys",
    "/usr",
    "/var",
    "/var/run",
    "/var/spool/cron",
];

fn check(cx: &DeploymentContext<'_>, findings: &mut Findings) {
    for (_, workload) in cx.workloads() {
        for mount in &workload.mounts {
            let MountSource::Host(path) = &mount.source else {
                continue;
            };
            let directory = match path.trim_end_matches('/') {
                "" => "/",
                directory => directory,
            };
            let is_system = SYSTEM.contains(&directory) && !mount.is_read_only;
            if SECRET.contains(&directory) || is_system {
                let access = if mount.is_read_only { "read" } else { "change" };
                let message = format!(
                    "`{}` can {access} `{directory}` of the host",
                    *workload.name
                );
                findings.add(mount.place, message);
            }
        }
    }
}
