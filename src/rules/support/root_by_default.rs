//! Images that run as root because no USER is set.

use super::development::is_for_development;
use super::privileged_ports;
use super::rewrite::line_after;
use super::selection::is_selected;
use super::steps::last_of_kind;
use super::unused_users;
use crate::dockerfile::shell::{self, ProgramCall};
use crate::dockerfile::{Body, Command, Kind, ShellScript, ShellWord};
use crate::knowledge::{ProgramClass, is_service_manager, root_droppers, unwrapped};
use crate::lint::facts::{Base, Stage, User};
use crate::lint::{DockerfileContext, Edit, Findings, Fix};
use crate::paths::file_name;

/// The user of Windows images that do not set one.
const WINDOWS_ADMINISTRATOR: &str = "ContainerAdministrator";

/// The kind of program that an image starts, according to its Dockerfile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rules) enum Program {
    /// A program that runs as the user of the image.
    Own,
    /// No program, a shell, an init system, or a server that needs root or drops it itself. Also
    /// any program in an image for development, or in a Windows image, whose administrator is not
    /// the administrator of the host.
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
    let is_windows = user == WINDOWS_ADMINISTRATOR;
    let is_root = User::is_root(user) || is_windows;
    // Developers and tests commonly run as root in their own containers, which nobody else uses.
    let program = if is_windows || is_for_development(cx) {
        Program::Other
    } else {
        program(cx, stage)
    };
    if program != wanted
        || stage.user.is_some()
        || !is_root
        || drops_privileges(cx, stage)
        || only_carries_files(cx, stage)
    {
        return;
    }
    let unused = unused_users::find(cx, stage);
    // One finding is enough: that the user is not used says more.
    if !unused.is_empty() && is_selected(cx, "user-never-used") {
        return;
    }
    let message = format!("no `USER` is set, so the container runs as `{user}`");
    let mut report = findings.add(stage.from.span, message);
    // In a file with several stages, the image that determines the user may be named in another
    // FROM.
    if let Some(root) = cx.facts.ancestry(stage.index).last()
        && root.index != stage.index
    {
        report = report.label(root.image.span, format!("this image runs as `{user}`"));
    }
    let (title, edit) = match unused.first() {
        Some(user) => {
            report = report.label(user.span, format!("user `{}` is created here", user.name));
            let edit = if unused_users::is_opposed(cx) {
                None
            } else {
                unused_users::user_after_all(cx, stage, user.name)
            };
            (format!("add `USER {}`", user.name), edit)
        }
        None => (
            format!("switch to an unprivileged user: `USER {NEW_UID}`"),
            new_user(cx, stage),
        ),
    };
    // A shell or a server may need root for its work, so a fix is offered for other programs only.
    if let (Some(edit), Program::Own) = (edit, wanted) {
        report.fix(Fix::marked_unsafe(title, [edit]));
    }
}

/// The kind of program that a stage starts.
fn program(cx: &DockerfileContext<'_>, stage: &Stage<'_>) -> Program {
    let entrypoint = last_of_kind(cx, stage, Kind::Entrypoint);
    // The entry point of the base image is used, and drops root itself.
    if entrypoint.is_none() && stage.known.is_some_and(|known| known.drops_root) {
        return Program::Other;
    }
    // CMD is the arguments of ENTRYPOINT, or the program itself if there is none.
    let command = last_of_kind(cx, stage, Kind::Cmd);
    let mut words = Vec::new();
    for step in entrypoint.into_iter().chain(command) {
        match &step.instruction.body {
            Body::Command(Command::Exec(arguments)) => {
                words.extend(arguments.iter().map(|argument| argument.value.as_str()));
            }
            // A shell runs the script. If it is that of ENTRYPOINT, CMD has no effect.
            Body::Command(Command::Shell(script)) if words.is_empty() => {
                return of_script(&shell::parse(script));
            }
            _ => {}
        }
    }
    of_words(&words)
}

/// The kind of a program with its arguments.
fn of_words(words: &[&str]) -> Program {
    let Some((program, arguments)) = started(words).split_first() else {
        return Program::Other;
    };
    // `sh -ec "script"`.
    if let [option, script, ..] = arguments
        && ProgramClass::Shell.contains(file_name(program))
        && option.starts_with('-')
        && option.ends_with('c')
    {
        return of_script(&shell::parse_text(script));
    }
    if needs_root(program) || changes_user(program, arguments) || waits(program, arguments) {
        Program::Other
    } else {
        Program::Own
    }
}

/// The words of a command without wrappers and entry scripts, from the program on.
fn started<'w, 't>(words: &'w [&'t str]) -> &'w [&'t str] {
    let mut rest = unwrapped(words);
    while let Some((first, arguments)) = rest.split_first() {
        // `bash entrypoint.sh`.
        let is_run_by_shell = ProgramClass::Shell.contains(file_name(first))
            && arguments.first().is_some_and(|next| is_entry_script(next));
        // By convention, an entry script prepares the container and then starts its arguments.
        if is_run_by_shell || is_entry_script(first) && !arguments.is_empty() {
            rest = unwrapped(arguments);
        } else {
            break;
        }
    }
    rest
}

/// The kind of program that a script starts; the last of its programs is often a server.
fn of_script(script: &ShellScript) -> Program {
    if script.commands.is_empty() {
        return Program::Other;
    }
    let calls: Vec<ProgramCall<'_>> = script.calls().collect();
    for call in &calls {
        let words: Vec<&str> = call.words.iter().filter_map(ShellWord::literal).collect();
        let Some((program, arguments)) = words.split_first() else {
            continue;
        };
        let is_alone = calls.len() == 1 && arguments.len() + 1 == call.words.len();
        if needs_root(program)
            || changes_user(program, arguments)
            || (is_alone && waits(program, arguments))
        {
            return Program::Other;
        }
    }
    Program::Own
}

/// Whether a program is an init system or a server that needs root or drops it itself.
fn needs_root(program: &str) -> bool {
    let name = file_name(program);
    // Any program may be called `init`; that of the system is in one of these directories.
    let directory = program.strip_suffix(name).unwrap_or(program);
    let is_init = name == "init" && matches!(directory, "" | "/" | "/sbin/" | "/usr/sbin/");
    // Distributions put the version into the name: `php-fpm8.2`.
    is_init
        || is_service_manager(name)
        || ProgramClass::RootServer.contains(name)
        || name.starts_with("php-fpm")
}

/// Whether a program is told to change its user: `gunicorn -u www-data`, `server --user=app`.
fn changes_user(program: &str, arguments: &[&str]) -> bool {
    // `python -u` does not buffer its output.
    if ProgramClass::Interpreter.contains(file_name(program)) {
        return false;
    }
    arguments.iter().enumerate().any(|(index, word)| {
        let user = match word.split_once('=') {
            Some(("--user" | "--uid", user)) => Some(user),
            None if matches!(*word, "-u" | "--user" | "--uid") => arguments.get(index + 1).copied(),
            _ => None,
        };
        user.is_some_and(is_account)
    })
}

/// Whether a word is the name or the number of a user other than root.
fn is_account(word: &str) -> bool {
    let is_name = word
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-'));
    is_name && !word.is_empty() && !word.starts_with('-') && !User::is_root(word)
}

/// Whether a program is a script such as `/docker-entrypoint.sh`.
fn is_entry_script(program: &str) -> bool {
    let name = file_name(program);
    let is_shell_script = name
        .rsplit_once('.')
        .is_some_and(|(_, extension)| extension == "sh");
    is_shell_script || name.contains("entrypoint")
}

/// Whether a program waits for input from a terminal.
fn waits(program: &str, arguments: &[&str]) -> bool {
    const INTERACTIVE: [ProgramClass; 3] = [
        ProgramClass::Shell,
        ProgramClass::Interpreter,
        ProgramClass::Prompt,
    ];
    let name = file_name(program);
    INTERACTIVE.iter().any(|class| class.contains(name))
        && arguments
            .iter()
            .all(|word| matches!(*word, "-l" | "-i" | "--login"))
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

/// Whether a word names a program that entry points use to drop root privileges.
fn is_dropper(word: &str) -> bool {
    let name = file_name(word);
    for dropper in root_droppers() {
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

/// The user that a fix switches to: a number, which needs no account. Kubernetes accepts only a
/// number as proof that the user is not root, and distributions use numbers below 1000 for their
/// own users.
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
