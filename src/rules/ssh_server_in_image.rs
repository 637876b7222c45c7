//! `ssh-server-in-image`: an SSH or Telnet server is in the image.

use crate::dockerfile::{Body, Command, Kind};
use crate::lint::facts::packages::{Action, PackageCall};
use crate::lint::facts::{Stage, Step};
use crate::lint::{DockerfileContext, Findings, ImageContext, Rule};
use crate::paths::file_name;

pub(super) const RULE: Rule = Rule {
    name: "ssh-server-in-image",
    page: include_str!("../../rules/lint/ssh-server-in-image.md"),
    dockerfile: Some(check_dockerfile),
    image: Some(check_image),
    deployment: None,
};

/// Packages that contain a server, by the names that the distributions use.
const PACKAGES: [&str; 7] = [
    "openssh-server",
    "dropbear",
    "tinyssh",
    "telnetd",
    "inetutils-telnetd",
    "telnet-server",
    "busybox-extras-telnetd",
];

/// Package managers whose package `openssh` contains the server, or depends on it.
const WITH_SERVER: [&str; 5] = ["apk", "emerge", "nix-env", "pacman", "xbps"];

/// The programs of these servers.
const DAEMONS: [&str; 3] = ["sshd", "dropbear", "telnetd"];

fn check_dockerfile(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    let Some(stage) = cx.facts.final_stage() else {
        return;
    };
    // A server in a builder stage is not part of the image.
    for run in cx.facts.runs() {
        if cx.facts.is_in_final_image(&cx.facts.steps[run.step]) {
            for call in run.package_calls() {
                report_install(&call, findings);
            }
        }
    }
    report_start(cx, stage, findings);
}

/// Reports a call that installs a server.
fn report_install(call: &PackageCall<'_>, findings: &mut Findings) {
    if call.action != Action::Install {
        return;
    }
    // Client and server are often installed together, so one package is enough.
    let mut packages = call.packages.iter();
    if let Some(server) = packages.find(|package| has_server(package.name(call.manager), call)) {
        let message = format!("login server `{}` is installed", server.word);
        findings.add(server.argument.span, message);
    }
}

/// Whether a package that a call installs has a server.
fn has_server(name: &str, call: &PackageCall<'_>) -> bool {
    // Elsewhere, `openssh` has only what client and server share.
    PACKAGES.contains(&name) || (name == "openssh" && WITH_SERVER.contains(&call.manager.name))
}

/// Reports the instructions that start a server, which may come from the base image.
fn report_start(cx: &DockerfileContext<'_>, stage: &Stage<'_>, findings: &mut Findings) {
    for step in cx.facts.lineage(stage.index) {
        // The program can be any of the words: `CMD ["/usr/sbin/sshd", "-D"]` or `["tini", "--",
        // "sshd"]`.
        if let (Body::Command(Command::Exec(words)), true) = (&step.instruction.body, starts(step))
            && let Some(daemon) = words.iter().find(|word| is_daemon(&word.value))
        {
            let message = format!("login server `{}` is started", daemon.value);
            findings.add(daemon.span, message);
        }
    }
}

/// Whether an instruction sets the program of the container.
fn starts(step: &Step<'_>) -> bool {
    matches!(step.kind(), Kind::Cmd | Kind::Entrypoint)
}

/// Whether a path is that of an SSH or Telnet server.
fn is_daemon(path: &str) -> bool {
    DAEMONS.contains(&file_name(path))
}

fn check_image(cx: &ImageContext<'_>, findings: &mut Findings) {
    // `telnetd` is reported by `login-program`.
    for name in cx.programs(["sshd", "dropbear"]) {
        let path = cx.path(name);
        let message = format!("SSH server `{path}` is in the image");
        findings.add(cx.at_file(name), message);
    }
}
