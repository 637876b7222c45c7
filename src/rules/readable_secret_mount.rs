//! `readable-secret-mount`: every user of the build may read a mounted secret.

use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "readable-secret-mount",
    page: include_str!("../../rules/lint/readable-secret-mount.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

/// The bits of a mode that hold for users who are neither the owner nor in the group.
const OTHERS: u32 = 0o007;

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for mount in cx.facts.runs().iter().flat_map(|run| &run.mounts) {
        // Access to the socket of an SSH agent is as good as the keys in it.
        let kind = mount.kind.as_str();
        if !matches!(kind, "secret" | "ssh") {
            continue;
        }
        let Some(mode) = &mount.mode else {
            continue;
        };
        if u32::from_str_radix(mode, 8).is_ok_and(|mode| mode & OTHERS != 0) {
            let message = format!("mode `{mode}` lets every user read the mounted {kind}");
            findings.add(mount.span, message);
        }
    }
}
