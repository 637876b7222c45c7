//! `program-owned-by-its-user`: the container's user owns its own program files.

use super::support::steps::of_kind;
use crate::dockerfile::Kind;
use crate::lint::facts::User;
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "program-owned-by-its-user",
    page: include_str!("../../rules/lint/program-owned-by-its-user.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for step in of_kind(cx, &[Kind::Copy, Kind::Add]) {
        let Some(flag) = step.flag("chown") else {
            continue;
        };
        let Some(value) = &flag.value else { continue };
        // A variable with an unknown value is unlikely to be root.
        let owner = cx.facts.expand(step, value);
        if owner.as_deref().is_none_or(|owner| !User::is_root(owner)) {
            let name = value.text.as_str();
            let message = format!("`{name}` owns these files and can change them at run time");
            findings.add(flag.span, message);
        }
    }
}
