//! `ssh-server-in-image`: the image lets people log in.

use std::collections::BTreeSet;

use crate::dockerfile::{Body, Command, Kind};
use crate::lint::facts::packages::Action;
use crate::lint::{DockerfileContext, Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "ssh-server-in-image",
    page: include_str!("../../rules/lint/ssh-server-in-image.md"),
    dockerfile: Some(check_dockerfile),
    image: Some(check_image),
};

const SERVERS: [&str; 7] = [
    "openssh-server",
    "dropbear",
    "tinyssh",
    "telnetd",
    "inetutils-telnetd",
    "telnet-server",
    "busybox-extras-telnetd",
];
const DAEMONS: [&str; 3] = ["sshd", "dropbear", "telnetd"];

fn check_dockerfile(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    let Some(stage) = cx.facts.final_stage() else {
        return;
    };
    let lineage: BTreeSet<usize> = cx
        .facts
        .ancestry(stage.index)
        .map(|stage| stage.index)
        .collect();
    for run in cx.facts.runs() {
        if cx.facts.steps[run.step]
            .stage
            .is_none_or(|stage| !lineage.contains(&stage))
        {
            continue;
        }
        for call in run
            .package_calls()
            .filter(|call| call.action == Action::Install)
        {
            let server = call
                .packages
                .iter()
                .find(|package| SERVERS.contains(&package.name(call.manager)));
            if let Some(server) = server {
                findings.add(
                    server.argument.span,
                    format!("`{}` lets people log in to the container", server.word),
                );
            }
        }
    }
    for step in cx
        .facts
        .lineage(stage.index)
        .filter(|step| matches!(step.kind(), Kind::Cmd | Kind::Entrypoint))
    {
        let Body::Command(Command::Exec(words)) = &step.instruction.body else {
            continue;
        };
        let daemon = words
            .iter()
            .find(|word| DAEMONS.contains(&word.value.rsplit('/').next().unwrap_or(&word.value)));
        if let Some(daemon) = daemon {
            findings.add(
                daemon.span,
                format!("`{}` lets people log in to the container", daemon.value),
            );
        }
    }
}

fn check_image(cx: &ImageContext<'_>, findings: &mut Findings) {
    for (program, name) in cx.programs(&["sshd", "dropbear"]) {
        findings.add(cx.at_file(name), format!("`{program}` lets people log in"));
    }
}
