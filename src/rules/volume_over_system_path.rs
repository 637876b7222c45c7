//! `volume-over-system-path`: a VOLUME lies over what the kernel or the daemon has there.

use crate::dockerfile::{Body, Kind};
use crate::lint::{DockerfileContext, Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "volume-over-system-path",
    page: include_str!("../../rules/lint/volume-over-system-path.md"),
    dockerfile: Some(check_dockerfile),
    image: Some(check_image),
};

const SYSTEM: [&str; 3] = ["/proc", "/sys", "/dev"];
const SOCKETS: [&str; 4] = [
    "/var/run/docker.sock",
    "/run/docker.sock",
    "/run/containerd/containerd.sock",
    "/run/podman/podman.sock",
];

fn check_dockerfile(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for step in cx
        .facts
        .steps
        .iter()
        .filter(|step| step.kind() == Kind::Volume)
    {
        let Body::Words { words, .. } = &step.instruction.body else {
            continue;
        };
        for word in words {
            let Some(path) = cx.facts.expand(step, word) else {
                continue;
            };
            let path = path.trim_end_matches('/');
            if SYSTEM.contains(&path) {
                findings.add(
                    word.span,
                    format!("`{path}` is the kernel's, and a volume lies over it"),
                );
            } else if SOCKETS.contains(&path) {
                findings.add(
                    word.span,
                    format!("`{path}` gives whoever has it the whole machine"),
                );
            }
        }
    }
}

fn check_image(cx: &ImageContext<'_>, findings: &mut Findings) {
    for volume in cx.configuration().volumes() {
        let path = volume.trim_end_matches('/');
        if [
            "/proc", "/sys", "/dev", "/etc", "/usr", "/bin", "/lib", "/boot",
        ]
        .contains(&path)
        {
            findings.add(
                cx.at_instruction("VOLUME"),
                format!("`{path}` is the system's, and a volume lies over it"),
            );
        }
    }
}
