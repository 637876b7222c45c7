//! `volume-over-system-path`: a VOLUME lies over what the kernel or the daemon has there.

use crate::dockerfile::{Body, Kind};
use crate::lint::{Context, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "volume-over-system-path",
    page: include_str!("../../rules/lint/volume-over-system-path.md"),
    check,
};

const SYSTEM: [&str; 3] = ["/proc", "/sys", "/dev"];
const SOCKETS: [&str; 4] = [
    "/var/run/docker.sock",
    "/run/docker.sock",
    "/run/containerd/containerd.sock",
    "/run/podman/podman.sock",
];

fn check(cx: &Context<'_>, findings: &mut Findings) {
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
