//! `volume-over-system-path`: a volume hides a system directory or a socket of the host.

use crate::dockerfile::{Body, Kind};
use crate::lint::{DockerfileContext, Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "volume-over-system-path",
    page: include_str!("../../rules/lint/volume-over-system-path.md"),
    dockerfile: Some(check_dockerfile),
    image: Some(check_image),
    deployment: None,
};

/// Directories that the kernel fills.
const KERNEL: [&str; 3] = ["/proc", "/sys", "/dev"];

/// Directories of the distribution; a volume over one of them is a mistake in a built image.
const SYSTEM: [&str; 5] = ["/etc", "/usr", "/bin", "/lib", "/boot"];

/// Sockets of container engines. With access to one, a container can start others as root.
const SOCKETS: [&str; 4] = [
    "/var/run/docker.sock",
    "/run/docker.sock",
    "/run/containerd/containerd.sock",
    "/run/podman/podman.sock",
];

fn check_dockerfile(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for step in &cx.facts.steps {
        let (Body::Words { words, .. }, Kind::Volume) = (&step.instruction.body, step.kind())
        else {
            continue;
        };
        for word in words {
            let Some(path) = cx.facts.expand(step, word) else {
                continue;
            };
            // `VOLUME /proc/` is the same directory as `VOLUME /proc`.
            let path = path.trim_end_matches('/');
            if KERNEL.contains(&path) {
                let message = format!("volume over the system directory `{path}`");
                findings.add(word.span, message);
            } else if SOCKETS.contains(&path) {
                let message = format!("`{path}` gives the container full control of the host");
                findings.add(word.span, message);
            }
        }
    }
}

fn check_image(cx: &ImageContext<'_>, findings: &mut Findings) {
    for volume in cx.configuration().volumes() {
        let path = volume.trim_end_matches('/');
        if KERNEL.contains(&path) || SYSTEM.contains(&path) {
            let message = format!("volume over the system directory `{path}`");
            findings.add(cx.at_instruction("VOLUME"), message);
        }
    }
}
