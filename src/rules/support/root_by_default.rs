//! Images that run as root because no USER is set.

use super::rewrite::line_after;
use crate::dockerfile::{Body, Command, Kind};
use crate::lint::facts::{Base, Stage, Step, User};
use crate::lint::{Applicability, DockerfileContext, Edit, Findings, Fix};

/// Programs by which an entrypoint gives up root itself.
const DROPPERS: [&str; 7] = [
    "gosu",
    "su-exec",
    "setpriv",
    "runuser",
    "s6-setuidgid",
    "chpst",
    "fixuid",
];

/// Servers that open their port as root and then let other users do the work.
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

/// Shells and interpreters: started without arguments, they wait for somebody at the terminal.
const INTERACTIVE: [&str; 16] = [
    "sh", "bash", "ash", "dash", "zsh", "fish", "python", "python3", "node", "irb", "jshell",
    "ghci", "php", "psql", "R", "julia",
];

/// What an image starts, as far as its Dockerfile says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rules) enum Program {
    /// A program that runs as the user of the image.
    Own,
    /// Nothing that was put in here, a shell, or a server that gives up root itself.
    Other,
}

/// Reports that the final stage runs as root because nobody has said otherwise, where it starts
/// such a program.
pub(in crate::rules) fn report(
    cx: &DockerfileContext<'_>,
    findings: &mut Findings,
    wanted: Program,
) {
    let Some(stage) = cx
        .facts
        .final_stage()
        .filter(|stage| program(cx, stage) == wanted)
    else {
        return;
    };
    let Some(user) = stage.known.and_then(|known| known.user.as_deref()) else {
        return;
    };
    let is_root = User::is_root(user) || user == "ContainerAdministrator";
    if stage.user.is_some()
        || !is_root
        || drops_privileges(cx, stage)
        || only_carries_files(cx, stage)
    {
        return;
    }
    let report = findings.add(
        stage.from.span,
        format!("no `USER` is set, so the container runs as `{user}`"),
    );
    let root = cx
        .facts
        .ancestry(stage.index)
        .last()
        .filter(|root| root.index != stage.index);
    let report = match root {
        Some(root) => report.label(root.image.span, format!("this image runs as `{user}`")),
        None => report,
    };
    if let (Some(edit), Program::Own) = (new_user(cx, stage), wanted) {
        report.fix(Fix::new(
            "create a user and switch to it",
            Applicability::Unsafe,
            vec![edit],
        ));
    }
}

fn program(cx: &DockerfileContext<'_>, stage: &Stage<'_>) -> Program {
    let last = |kind| {
        let steps = cx
            .facts
            .lineage(stage.index)
            .filter(|step| step.kind() == kind && !step.onbuild);
        steps.max_by_key(|step| step.span.start).map(words)
    };
    let (entrypoint, cmd) = (
        last(Kind::Entrypoint).unwrap_or_default(),
        last(Kind::Cmd).unwrap_or_default(),
    );
    let words: Vec<String> = entrypoint.into_iter().chain(cmd).collect();
    let name = words
        .first()
        .map(|word| word.rsplit('/').next().unwrap_or(word))
        .unwrap_or_default();
    let waits = INTERACTIVE.contains(&name)
        && words[1..]
            .iter()
            .all(|word| matches!(word.as_str(), "-l" | "-i" | "--login"));
    if name.is_empty() || waits || SERVERS.contains(&name) || name.starts_with("php-fpm") {
        Program::Other
    } else {
        Program::Own
    }
}

/// The words of a CMD or ENTRYPOINT; those of a shell form as they are written, without `exec`.
fn words(step: &Step<'_>) -> Vec<String> {
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

/// Whether a program is installed or called that changes the user when the container starts.
pub(in crate::rules) fn drops_privileges(cx: &DockerfileContext<'_>, stage: &Stage<'_>) -> bool {
    cx.facts
        .lineage(stage.index)
        .any(|step| match (&step.instruction.body, step.kind()) {
            (Body::Command(Command::Exec(words)), Kind::Entrypoint | Kind::Cmd) => {
                words.iter().any(|word| is_dropper(&word.value))
            }
            (_, Kind::Run | Kind::Copy | Kind::Add | Kind::Entrypoint | Kind::Cmd) => cx
                .source
                .slice(step.span)
                .split(|c: char| c.is_whitespace() || ";&|\"'=".contains(c))
                .any(is_dropper),
            _ => false,
        })
}

fn is_dropper(word: &str) -> bool {
    let name = word.rsplit('/').next().unwrap_or(word);
    DROPPERS.iter().any(|dropper| {
        name == *dropper
            || name
                .strip_prefix(dropper)
                .is_some_and(|rest| rest.starts_with('-'))
    })
}

/// An image from scratch without a program to start is there to be copied from.
fn only_carries_files(cx: &DockerfileContext<'_>, stage: &Stage<'_>) -> bool {
    let starts = |kind| matches!(kind, Kind::Entrypoint | Kind::Cmd);
    cx.facts
        .ancestry(stage.index)
        .last()
        .is_some_and(|root| root.base == Base::Scratch)
        && !cx
            .facts
            .lineage(stage.index)
            .any(|step| starts(step.kind()))
}

/// A user and a USER after all that is done as root, in the words of the image's distribution.
fn new_user(cx: &DockerfileContext<'_>, stage: &Stage<'_>) -> Option<Edit> {
    let has = |manager: &str| {
        stage
            .known
            .is_some_and(|known| known.managers.iter().any(|name| name == manager))
    };
    let command = if has("apk") {
        "adduser -S -D -H app"
    } else if has("apt") || has("dnf") || has("yum") {
        "useradd --system --no-log-init app"
    } else {
        return None;
    };
    let uses_posix_shell = cx
        .facts
        .steps_of(stage)
        .last()
        .is_some_and(|step| step.shell.kind.is_posix());
    let needs_root = |kind| {
        matches!(
            kind,
            Kind::From | Kind::Run | Kind::Copy | Kind::Add | Kind::Workdir
        )
    };
    let last = cx
        .facts
        .steps_of(stage)
        .iter()
        .rfind(|step| !step.onbuild && needs_root(step.kind()))?;
    let lines = format!("RUN {command}{}USER app", cx.line_break());
    uses_posix_shell.then(|| line_after(cx, last, &lines))
}
