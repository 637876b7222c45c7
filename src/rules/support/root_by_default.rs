//! Images that run as root because no USER is set.

use super::rewrite::line_after;
use super::steps::last_of_kind;
use crate::dockerfile::{Body, Command, Kind};
use crate::lint::facts::{Base, Stage, Step, User};
use crate::lint::{Applicability, DockerfileContext, Edit, Findings, Fix};

/// Programs that an entry point uses to drop root privileges itself.
const DROPPERS: [&str; 7] = [
    "gosu",
    "su-exec",
    "setpriv",
    "runuser",
    "s6-setuidgid",
    "chpst",
    "fixuid",
];

/// Servers that bind their port as root and then serve requests as another user.
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

/// Shells and interpreters that wait for terminal input if they have no arguments.
const INTERACTIVE: [&str; 16] = [
    "sh", "bash", "ash", "dash", "zsh", "fish", "python", "python3", "node", "irb", "jshell",
    "ghci", "php", "psql", "R", "julia",
];

/// The kind of program that an image starts, according to its Dockerfile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rules) enum Program {
    /// A program that runs as the user of the image.
    Own,
    /// No program, a shell, or a server that drops root privileges itself.
    Other,
}

/// Reports that the final stage runs as root because no USER is set, if it starts a program of the
/// given kind.
pub(in crate::rules) fn report(
    cx: &DockerfileContext<'_>,
    findings: &mut Findings,
    wanted: Program,
) {
    let Some(stage) = cx.facts.final_stage() else {
        return;
    };
    // If the base image is unknown, so is its user, and the image may not run as root.
    let Some(user) = stage.known.and_then(|known| known.user.as_deref()) else {
        return;
    };
    // The default user of Windows images.
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
    // In a file with several stages, the image that determines the user may be named in another
    // FROM.
    if let Some(root) = cx.facts.ancestry(stage.index).last()
        && root.index != stage.index
    {
        report = report.label(root.image.span, format!("this image runs as `{user}`"));
    }
    // A shell or a server may need root for its work, so a fix is offered for other programs only.
    if let (Some(edit), Program::Own) = (new_user(cx, stage), wanted) {
        report.fix(Fix::new(
            "create a user and switch to it",
            Applicability::Unsafe,
            vec![edit],
        ));
    }
}

/// The kind of program that a stage starts.
fn program(cx: &DockerfileContext<'_>, stage: &Stage<'_>) -> Program {
    // CMD provides the arguments of ENTRYPOINT, or is the program itself if there is none.
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
    // Distributions include the version in the name: `php-fpm8.2`.
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

/// The words of a CMD or ENTRYPOINT. Shell-form words are as written, without `exec`.
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
        // A USER with an unknown value may be any user, even if the base image runs as root.
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
            // Its name may occur anywhere: in a download, in a list of packages, in a script.
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
        // Release files have the platform in their name: `gosu-amd64`.
        if let Some(rest) = name.strip_prefix(dropper)
            && (rest.is_empty() || rest.starts_with('-'))
        {
            return true;
        }
    }
    false
}

/// Whether an image from scratch starts no program and only exists to be copied from.
fn only_carries_files(cx: &DockerfileContext<'_>, stage: &Stage<'_>) -> bool {
    let root = cx.facts.ancestry(stage.index).last();
    if root.is_none_or(|root| root.base != Base::Scratch) {
        return false;
    }
    !cx.facts
        .lineage(stage.index)
        .any(|step| matches!(step.kind(), Kind::Entrypoint | Kind::Cmd))
}

/// Inserts a user and a USER after everything that needs root, with the command of the image's
/// distribution.
fn new_user(cx: &DockerfileContext<'_>, stage: &Stage<'_>) -> Option<Edit> {
    let managers = &stage.known?.managers;
    // BusyBox has only `adduser`; elsewhere `useradd` is part of the base system.
    let command = if managers.iter().any(|name| name == "apk") {
        "adduser -S -D -H app"
    } else if managers
        .iter()
        .any(|name| matches!(name.as_str(), "apt" | "dnf" | "yum"))
    {
        "useradd --system --no-log-init app"
    } else {
        return None;
    };
    let steps = cx.facts.steps_of(stage);
    if !steps.last()?.shell.kind.is_posix() {
        return None;
    }
    // These write files or run commands, which may need root; the instructions after them are
    // metadata.
    let last = steps.iter().rfind(|step| {
        !step.onbuild
            && matches!(
                step.kind(),
                Kind::From | Kind::Run | Kind::Copy | Kind::Add | Kind::Workdir
            )
    })?;
    let lines = format!("RUN {command}{}USER app", cx.line_break());
    Some(line_after(cx, last, &lines))
}
