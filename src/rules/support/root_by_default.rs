//! Images that run as root because no USER is set.

use super::privileged_ports;
use super::rewrite::line_after;
use super::steps::last_of_kind;
use crate::dockerfile::{Body, Command, Kind};
use crate::lint::facts::{Base, Stage, Step, User};
use crate::lint::{Applicability, DockerfileContext, Edit, Findings, Fix};

/// Programs with which an entry point gives up root itself.
const DROPPERS: [&str; 7] = [
    "gosu",
    "su-exec",
    "setpriv",
    "runuser",
    "s6-setuidgid",
    "chpst",
    "fixuid",
];

/// Servers that open their port as root and then serve requests as another user.
const SERVERS: [&str; 9] = [
    "nginx",
    "httpd",
    "httpd-foreground",
    "apache2",
    "apache2ctl",
    "apache2-foreground",
    "apachectl",
    "php-fpm",
    "sshd",
];

/// Shells and interpreters that wait for input at a terminal if they have no arguments.
const INTERACTIVE: [&str; 16] = [
    "sh", "bash", "ash", "dash", "zsh", "fish", "python", "python3", "node", "irb", "jshell",
    "ghci", "php", "psql", "R", "julia",
];

/// The kind of program that an image starts, as far as its Dockerfile says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rules) enum Program {
    /// A program that runs as the user of the image.
    Own,
    /// No program, a shell, or a server that gives up root itself.
    Other,
}

/// Reports that the final stage runs as root because no USER is set, if it starts a program of the
/// wanted kind.
pub(in crate::rules) fn report(
    cx: &DockerfileContext<'_>,
    findings: &mut Findings,
    wanted: Program,
) {
    let Some(stage) = cx.facts.final_stage() else {
        return;
    };
    // Without a known base image its user is unknown too, and the image may not run as root.
    let Some(user) = stage.known.and_then(|known| known.user.as_deref()) else {
        return;
    };
    // The user of Windows images that have set none.
    let is_root = User::is_root(user) || user == "ContainerAdministrator";
    if program(cx, stage) != wanted
        || stage.user.is_some()
        || !is_root
        || drops_privileges(cx, stage)
        || only_carries_files(cx, stage)
    {
        return;
    }
    let mut report = findings.add(
        stage.from.span,
        format!("no `USER` is set, so the container runs as `{user}`"),
    );
    // In a file with several stages, the image that sets the user is named in another FROM.
    if let Some(root) = cx.facts.ancestry(stage.index).last()
        && root.index != stage.index
    {
        report = report.label(root.image.span, format!("this image runs as `{user}`"));
    }
    // A shell or a server may need root for its work, so a fix is offered for other programs only.
    if let (Some(edit), Program::Own) = (new_user(cx, stage), wanted) {
        report.fix(Fix::new(
            format!("switch to an unprivileged user: `USER {NEW_UID}`"),
            Applicability::Unsafe,
            vec![edit],
        ));
    }
}

/// The kind of program that a stage starts.
fn program(cx: &DockerfileContext<'_>, stage: &Stage<'_>) -> Program {
    // CMD is the arguments of ENTRYPOINT, or the program itself if there is none.
    let mut words = last_command(cx, stage, Kind::Entrypoint);
    words.extend(last_command(cx, stage, Kind::Cmd));
    let name = words
        .first()
        .map(|word| word.rsplit('/').next().unwrap_or(word))
        .unwrap_or_default();
    let waits = INTERACTIVE.contains(&name)
        && words[1..]
            .iter()
            .all(|word| matches!(word.as_str(), "-l" | "-i" | "--login"));
    // Distributions put the version into the name: `php-fpm8.2`.
    if name.is_empty() || waits || SERVERS.contains(&name) || name.starts_with("php-fpm") {
        Program::Other
    } else {
        Program::Own
    }
}

/// The words of the last instruction of a kind in a stage and those it is based on.
fn last_command(cx: &DockerfileContext<'_>, stage: &Stage<'_>, kind: Kind) -> Vec<String> {
    last_of_kind(cx, stage, kind)
        .map(command_words)
        .unwrap_or_default()
}

/// The words of a CMD or ENTRYPOINT. Those of a shell form are as written, without `exec`.
fn command_words(step: &Step<'_>) -> Vec<String> {
    match &step.instruction.body {
        Body::Command(Command::Exec(words)) => {
            words.iter().map(|word| word.value.clone()).collect()
        }
        Body::Command(Command::Shell(script)) => script
            .text
            .as_str()
            .split_whitespace()
            .filter(|word| *word != "exec")
            .map(str::to_owned)
            .collect(),
        _ => Vec::new(),
    }
}

/// Whether the container of a stage is known to run as root, because of a USER or the base image.
pub(in crate::rules) fn runs_as_root(stage: &Stage<'_>) -> bool {
    let name = match &stage.user {
        // A USER with an unknown value may be anybody, even if the base image runs as root.
        Some(user) => user.name.as_deref(),
        None => stage.known.and_then(|known| known.user.as_deref()),
    };
    name.is_some_and(User::is_root)
}

/// Whether a program that changes the user when the container starts is installed or called.
pub(in crate::rules) fn drops_privileges(cx: &DockerfileContext<'_>, stage: &Stage<'_>) -> bool {
    cx.facts
        .lineage(stage.index)
        .any(|step| match (&step.instruction.body, step.kind()) {
            (Body::Command(Command::Exec(words)), Kind::Entrypoint | Kind::Cmd) => {
                words.iter().any(|word| is_dropper(&word.value))
            }
            // Its name may be anywhere: in a download, in a list of packages, in a script.
            (_, Kind::Run | Kind::Copy | Kind::Add | Kind::Entrypoint | Kind::Cmd) => cx
                .source
                .slice(step.span)
                .split(|c: char| c.is_whitespace() || ";&|\"'=".contains(c))
                .any(is_dropper),
            _ => false,
        })
}

/// Whether a word names one of the [`DROPPERS`].
fn is_dropper(word: &str) -> bool {
    let name = word.rsplit('/').next().unwrap_or(word);
    for dropper in DROPPERS {
        // Releases have the platform in their name: `gosu-amd64`.
        if let Some(rest) = name.strip_prefix(dropper)
            && (rest.is_empty() || rest.starts_with('-'))
        {
            return true;
        }
    }
    false
}

/// Whether an image from scratch starts no program, so that it exists to be copied from.
fn only_carries_files(cx: &DockerfileContext<'_>, stage: &Stage<'_>) -> bool {
    let root = cx.facts.ancestry(stage.index).last();
    if root.is_none_or(|root| root.base != Base::Scratch) {
        return false;
    }
    !cx.facts
        .lineage(stage.index)
        .any(|step| matches!(step.kind(), Kind::Entrypoint | Kind::Cmd))
}

/// The user that a fix switches to: a number, which needs no account. Kubernetes accepts only a
/// number as proof that the user is not root, and distributions give those below 1000 to users of
/// their own.
const NEW_UID: &str = "10001";

/// Whether a stage or one that it is based on creates a user.
fn creates_user(cx: &DockerfileContext<'_>, stage: &Stage<'_>) -> bool {
    cx.facts
        .lineage(stage.index)
        .filter_map(|step| cx.facts.run_of(step))
        .flat_map(|run| &run.calls)
        .any(|call| matches!(call.name.as_str(), "useradd" | "adduser"))
}

/// Inserts a USER after everything that needs root.
fn new_user(cx: &DockerfileContext<'_>, stage: &Stage<'_>) -> Option<Edit> {
    // Windows has no numbers for users. Elsewhere, the author of a file that creates a user has one
    // in mind already; see `user-never-used`.
    if stage.known?.is_windows() || creates_user(cx, stage) || is_likely_to_need_root(cx, stage) {
        return None;
    }
    // These write files or run commands, which may need root; what follows is metadata.
    let last = cx.facts.steps_of(stage).iter().rfind(|step| {
        !step.onbuild
            && matches!(
                step.kind(),
                Kind::From | Kind::Run | Kind::Copy | Kind::Add | Kind::Workdir
            )
    })?;
    Some(line_after(cx, last, &format!("USER {NEW_UID}")))
}

/// Whether the program of a stage is likely to need root: it listens on a privileged port, or it is
/// an entry script, which prepares files before it starts the program.
fn is_likely_to_need_root(cx: &DockerfileContext<'_>, stage: &Stage<'_>) -> bool {
    let starts_entry_script = [Kind::Entrypoint, Kind::Cmd]
        .into_iter()
        .filter_map(|kind| last_of_kind(cx, stage, kind))
        .any(|step| step.instruction.arguments.as_str().contains("entrypoint"));
    let has_privileged_port = !privileged_ports::exposed(cx, stage).is_empty();
    starts_entry_script || has_privileged_port && !privileged_ports::grants_capability(cx.facts)
}
