//! `pointless-command`: a RUN calls a command that is useless in a build.

use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "pointless-command",
    page: include_str!("../../rules/lint/pointless-command.md"),
    dockerfile: Some(check),
    image: None,
};

/// Programs, and the reason why they are useless in a build.
const POINTLESS: [(&str, &str); 12] = [
    ("free", "shows the memory of the build machine"),
    ("ifconfig", "shows the network of the build"),
    ("kill", "stops a process that ends with the `RUN` anyway"),
    ("mount", "mounts a file system that is gone after the `RUN`"),
    ("nano", "waits for input at a terminal"),
    ("ps", "shows the processes of the build"),
    ("service", "starts a service that ends with the `RUN`"),
    ("shutdown", "cannot shut down a build"),
    (
        "ssh",
        "connects to another host, which requires a key in the build",
    ),
    ("top", "shows the processes of the build"),
    ("vi", "waits for input at a terminal"),
    ("vim", "waits for input at a terminal"),
];

/// Options that only check whether a program exists, or run an editor without a terminal.
const HARMLESS: [&str; 7] = ["--version", "-V", "-es", "-Es", "-c", "--help", "-E"];

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
            findings.add(call.name_span, format!("`{name}` {why}"));
        }
    }
}
