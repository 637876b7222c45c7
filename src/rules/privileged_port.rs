//! `privileged-port`: an unprivileged user listens on a privileged port.

use super::support::privileged_ports::{exposed, grants_capability};
use crate::lint::facts::{Known, User};
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "privileged-port",
    page: include_str!("../../rules/lint/privileged-port.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    let Some(stage) = cx.facts.final_stage() else {
        return;
    };
    // Windows does not have privileged ports.
    if stage.known.is_some_and(Known::is_windows) {
        return;
    }
    let Some(user) = &stage.user else { return };
    let Some(name) = user.name.as_deref() else {
        return;
    };
    // `ContainerAdministrator` and `ContainerUser` are users of Windows images.
    let is_windows_user = name.to_ascii_lowercase().starts_with("container");
    if name.is_empty() || User::is_root(name) || is_windows_user || grants_capability(cx.facts) {
        return;
    }
    for (port, span) in exposed(cx, stage) {
        let message = format!("some runtimes do not let `{name}` listen on port {port}");
        findings
            .add(span, message)
            .label(user.span, "user set here");
    }
}
