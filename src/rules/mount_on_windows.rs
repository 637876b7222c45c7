//! `mount-on-windows`: a RUN has a mount in a Windows image.

use super::support::steps::is_on_windows;
use crate::dockerfile::Kind;
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "mount-on-windows",
    page: include_str!("../../rules/lint/mount-on-windows.md"),
    dockerfile: Some(check),
    image: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for step in &cx.facts.steps {
        if step.kind() != Kind::Run || !is_on_windows(cx, step) {
            continue;
        }
        if let Some(flag) = step.flag("mount") {
            findings.add(
                flag.span,
                "`RUN --mount` is not supported in Windows images",
            );
        }
    }
}
