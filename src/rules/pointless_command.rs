//! `pointless-command`: a RUN calls a command that is useless in a build.

use crate::lint::facts::{Call, Run};
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "pointless-command",
    page: include_str!("../../rules/lint/pointless-command.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

/// Programs, and the reason why a build has no use for them. That of `service` depends on its
/// arguments.
const POINTLESS: [(&str, &str); 12] = [
    ("free", "shows the build machine's memory"),
    (
        "ifconfig",
        "shows the network interfaces of the build container",
    ),
    ("kill", "stops a process that ends with the `RUN` anyway"),
    ("mount", "mounts a file system that is gone after the `RUN`"),
    ("nano", "waits for input from a terminal"),
    ("ps", "shows the processes in the build container"),
    ("service", ""),
    ("shutdown", "cannot shut down a build"),
    (
        "ssh",
        "connects to another host, which requires a key in the build",
    ),
    ("top", "shows the processes in the build container"),
    ("vi", "waits for input from a terminal"),
    ("vim", "waits for input from a terminal"),
];

/// Options that only check whether a program exists, or run an editor without a terminal.
const HARMLESS: [&str; 7] = ["--version", "-V", "-es", "-Es", "-c", "--help", "-E"];

/// Commands after the start of a service that do not use it.
const UNRELATED: [&str; 3] = ["echo", "rm", "sleep"];

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for run in cx.facts.runs() {
        // With an agent or a key mounted, ssh is called on purpose.
        let with_agent = run
            .mounts
            .iter()
            .any(|mount| matches!(mount.kind.as_str(), "ssh" | "secret"));
        for call in &run.calls {
            let Some((name, why)) = POINTLESS.iter().find(|(name, _)| *name == call.name) else {
                continue;
            };
            if call.words().any(|word| HARMLESS.contains(&word)) || (with_agent && *name == "ssh") {
                continue;
            }
            if *name != "service" {
                findings.add(call.name_span, format!("`{name}` {why}"));
            } else if !is_used(run, call) {
                findings.add(call.name_span, service_message(call));
            }
        }
    }
}

/// Whether a RUN starts a service and works with it: another command follows, or it is stopped.
fn is_used(run: &Run<'_>, call: &Call) -> bool {
    let mut is_started = false;
    for other in &run.calls {
        if other.name == "service" {
            match action(other) {
                _ if service(other) != service(call) => {}
                Some("start" | "restart") => is_started = true,
                Some("stop") if is_started => return true,
                _ => {}
            }
        } else if is_started && !UNRELATED.contains(&other.name.as_str()) {
            return true;
        }
    }
    false
}

/// The name of the service: the first argument of `service`.
fn service(call: &Call) -> Option<&str> {
    call.arguments.first()?.single()
}

/// The action on the service: the second argument.
fn action(call: &Call) -> Option<&str> {
    call.arguments.get(1)?.single()
}

fn service_message(call: &Call) -> String {
    match action(call) {
        Some("stop") => "`service` stops a service that ends with the `RUN` anyway".to_owned(),
        Some(action @ ("restart" | "reload" | "force-reload" | "try-restart")) => {
            format!("`service … {action}` has no effect: no service runs in a build")
        }
        Some("start") => "`service` starts a service that stops when the `RUN` ends".to_owned(),
        // `status`, `--status-all`, and scripts with actions of their own.
        _ => "`service` has no effect: no service runs in a build".to_owned(),
    }
}
