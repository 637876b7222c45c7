//! `user-never-used`: the build creates a user, but the container runs as root.

use super::support::root_by_default::{drops_privileges, runs_as_root};
use super::support::unused_users::{self, user_after_all};
use crate::lint::{DockerfileContext, Findings, Fix, Rule};

pub(super) const RULE: Rule = Rule {
    name: "user-never-used",
    page: include_str!("../../rules/lint/user-never-used.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    let Some(stage) = cx.facts.final_stage() else {
        return;
    };
    if !runs_as_root(stage) || drops_privileges(cx, stage) {
        return;
    }
    for user in unused_users::find(cx, stage) {
        let name = user.name;
        let message = format!("user `{name}` is created, but the container runs as root");
        let report = findings.add(user.span, message);
        if let Some(edit) = user_after_all(cx, stage, name) {
            report.fix(Fix::marked_unsafe(format!("add `USER {name}`"), [edit]));
        }
    }
}
