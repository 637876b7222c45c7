//! `container-socket-mounted`: a container gets the socket of the container engine.

use crate::deployment::MountSource;
use crate::lint::{DeploymentContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "container-socket-mounted",
    page: include_str!("../../rules/lint/container-socket-mounted.md"),
    dockerfile: None,
    image: None,
    deployment: Some(check),
};

/// Names of sockets through which containers are started.
const SOCKETS: [&str; 6] = [
    "docker.sock",
    "containerd.sock",
    "crio.sock",
    "podman.sock",
    "cri-dockerd.sock",
    "buildkitd.sock",
];

fn check(cx: &DeploymentContext<'_>, findings: &mut Findings) {
    for (_, workload) in cx.workloads() {
        for mount in &workload.mounts {
            let MountSource::Host(path) = &mount.source else {
                continue;
            };
            let name = path.rsplit('/').next().unwrap_or_default();
            // A variable may hide the path on the host, but not the one in the container.
            let target = mount.target.rsplit('/').next().unwrap_or_default();
            if SOCKETS.contains(&name) || SOCKETS.contains(&target) {
                let message = format!(
                    "`{}` can start containers through `{}`",
                    *workload.name, **path
                );
                findings.add(mount.place, message);
            }
        }
    }
}
