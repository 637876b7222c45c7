//! `ssh-server-in-image`: an SSH or Telnet server is in the image.

use crate::dockerfile::{Body, Command, Kind};
use crate::lint::facts::packages::{Action, PackageCall};
use crate::lint::facts::{Stage, Step};
use crate::lint::{DockerfileContext, Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "ssh-server-in-image",
    page: include_str!("../../rules/lint/ssh-server-in-image.md"),
    dockerfile: Some(check_dockerfile),
    image: Some(check_image),
};

/// Packages, as the distributions name them.
const PACKAGES: [&str; 7] = [
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
    for run in cx.facts.runs() {
        if cx.facts.is_in_final_image(&cx.facts.steps[run.step]) {
            run.package_calls()
                .for_each(|call| report_install(&call, findings));
        }
    }
    report_start(cx, stage, findings);
}

fn report_install(call: &PackageCall<'_>, findings: &mut Findings) {
    if call.action != Action::Install {
        return;
    }
    let mut packages = call.packages.iter();
    if let Some(server) = packages.find(|package| PACKAGES.contains(&package.name(call.manager))) {
        findings.add(
            server.argument.span,
            format!("login server `{}` is installed", server.word),
        );
    }
}

fn report_start(cx: &DockerfileContext<'_>, stage: &Stage<'_>, findings: &mut Findings) {
    for step in cx.facts.lineage(stage.index) {
        if let (Body::Command(Command::Exec(words)), true) = (&step.instruction.body, starts(step))
            && let Some(daemon) = words.iter().find(|word| is_daemon(&word.value))
        {
            findings.add(
                daemon.span,
                format!("login server `{}` is started", daemon.value),
            );
        }
    }
}

fn starts(step: &Step<'_>) -> bool {
    matches!(step.kind(), Kind::Cmd | Kind::Entrypoint)
}

fn is_daemon(path: &str) -> bool {
    DAEMONS.contains(&path.rsplit('/').next().unwrap_or(path))
}

fn check_image(cx: &ImageContext<'_>, findings: &mut Findings) {
    for name in cx.programs(["sshd", "dropbear"]) {
        let path = cx.path(name);
        findings.add(
            cx.at_file(name),
            format!("SSH server `{path}` is in the image"),
        );
    }
}
