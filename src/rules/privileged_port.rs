//! `privileged-port`: an unprivileged user listens on a privileged port.

use crate::dockerfile::{Body, Kind};
use crate::lint::facts::{Facts, Known, User};
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "privileged-port",
    page: include_str!("../../rules/lint/privileged-port.md"),
    dockerfile: Some(check),
    image: None,
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
    for step in cx.facts.lineage(stage.index) {
        let Body::Words { words, .. } = &step.instruction.body else {
            continue;
        };
        if step.kind() != Kind::Expose || step.onbuild {
            continue;
        }
        for word in words {
            let Some(port) = cx.facts.expand(step, word) else {
                continue;
            };
            if is_privileged(&port) {
                findings
                    .add(
                        word.span,
                        format!("some runtimes do not let `{name}` listen on port {port}"),
                    )
                    .label(user.span, "user set here");
            }
        }
    }
}

/// Whether any RUN gives a program the capability to listen on privileged ports.
fn grants_capability(facts: &Facts<'_>) -> bool {
    let mut calls = facts.runs().iter().flat_map(|run| &run.calls);
    calls
        .any(|call| call.name == "setcap" && call.words().any(|word| word.contains("cap_net_bind")))
}

/// Whether a port, or the first one of a range, is below 1024.
fn is_privileged(port: &str) -> bool {
    let number = port.split(['/', '-']).next().unwrap_or_default();
    // Port 0 means any free port.
    number
        .parse::<u16>()
        .is_ok_and(|number| (1..1024).contains(&number))
}
