//! `pointless-command`: a RUN calls what makes sense on a running system only.

use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "pointless-command",
    page: include_str!("../../rules/lint/pointless-command.md"),
    dockerfile: Some(check),
    image: None,
};

/// Programs, and why a build has no use for them.
const POINTLESS: [(&str, &str); 12] = [
    ("free", "shows the memory of the machine that builds"),
    ("ifconfig", "shows the network of the build"),
    ("kill", "ends what is gone with the `RUN` anyhow"),
    ("mount", "mounts nothing that lasts beyond the `RUN`"),
    ("nano", "waits for somebody to type"),
    ("ps", "shows the processes of the build"),
    ("service", "starts what is gone with the `RUN`"),
    ("shutdown", "has nothing to shut down"),
    (
        "ssh",
        "reaches out from the build, with a key that has to be in it",
    ),
    ("top", "shows the processes of the build"),
    ("vi", "waits for somebody to type"),
    ("vim", "waits for somebody to type"),
];

/// What asks a program only whether it is there, or makes an editor work without anybody.
const HARMLESS: [&str; 7] = ["--version", "-V", "-es", "-Es", "-c", "--help", "-E"];

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for run in cx.facts.runs() {
        // A forwarded agent is there for ssh to be called.
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
