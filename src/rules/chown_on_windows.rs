//! `chown-on-windows`: COPY or ADD sets an owner in a Windows image.

use super::support::steps::{is_on_windows, of_kind};
use crate::dockerfile::Kind;
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "chown-on-windows",
    page: include_str!("../../rules/lint/chown-on-windows.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for step in of_kind(cx, &[Kind::Copy, Kind::Add]) {
        if !is_on_windows(cx, step) {
            continue;
        }
        // One finding is enough, because both flags are about Linux files.
        if let Some(flag) = step.flag("chown").or_else(|| step.flag("chmod")) {
            let message = format!("`--{}` has no effect in a Windows image", flag.name);
            findings.add(flag.span, message);
        }
    }
}
