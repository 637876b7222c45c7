//! `mount-on-windows`: a RUN has a mount of a type that Windows images do not support.

use super::support::steps::is_on_windows;
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "mount-on-windows",
    page: include_str!("../../rules/lint/mount-on-windows.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

/// Types of mounts that BuildKit does not have for Windows.
const UNSUPPORTED: [&str; 3] = ["secret", "ssh", "tmpfs"];

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for run in cx.facts.runs() {
        let step = &cx.facts.steps[run.step];
        if !is_on_windows(cx, step) {
            continue;
        }
        let mut mounts = run.mounts.iter();
        if let Some(mount) = mounts.find(|mount| UNSUPPORTED.contains(&mount.kind.as_str())) {
            findings.add(
                mount.span,
                format!(
                    "`{}` mounts are not supported in Windows images",
                    mount.kind
                ),
            );
        }
    }
}
