//! `unsuitable-stopsignal`: the program needs another signal for a clean shutdown.

use super::support::rewrite::line_after;
use super::support::steps::{first_word, last_of_kind};
use crate::dockerfile::{Body, Command, Kind, Word};
use crate::lint::facts::{Base, Stage, Step};
use crate::lint::{DockerfileContext, Edit, Findings, Fix, Rule};
use crate::paths::file_name;

pub(super) const RULE: Rule = Rule {
    name: "unsuitable-stopsignal",
    page: include_str!("../../rules/lint/unsuitable-stopsignal.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

/// A server that shuts down gracefully on a signal other than SIGTERM.
struct Server {
    programs: &'static [&'static str],
    signal: &'static str,
    /// Its reaction to SIGTERM, as the end of a message.
    on_sigterm: &'static str,
    /// Name components of images that set the signal themselves.
    images: &'static [&'static str],
}

/// The servers, with the signals that their manuals name for a graceful shutdown.
const SERVERS: [Server; 6] = [
    Server {
        programs: &["nginx", "openresty"],
        signal: "SIGQUIT",
        on_sigterm: "drops requests in progress",
        images: &["nginx", "openresty"],
    },
    Server {
        programs: &[
            "httpd",
            "httpd-foreground",
            "apache2",
            "apache2ctl",
            "apache2-foreground",
            "apachectl",
        ],
        signal: "SIGWINCH",
        on_sigterm: "drops requests in progress",
        images: &["httpd", "apache", "php"],
    },
    Server {
        programs: &["php-fpm"],
        signal: "SIGQUIT",
        on_sigterm: "drops requests in progress",
        images: &["php"],
    },
    Server {
        programs: &["haproxy"],
        signal: "SIGUSR1",
        on_sigterm: "drops open connections",
        images: &["haproxy"],
    },
    Server {
        programs: &["postgres"],
        signal: "SIGINT",
        on_sigterm: "waits until the last client disconnects",
        images: &["postgres"],
    },
    Server {
        programs: &["systemd"],
        signal: "SIGRTMIN+3",
        on_sigterm: "restarts itself",
        images: &["init", "systemd"],
    },
];

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    // Containers of a build are never stopped with a signal.
    let Some(stage) = cx.facts.final_stage() else {
        return;
    };
    let Some((started, server)) = server(cx, stage) else {
        return;
    };
    let (edit, place) = match last_of_kind(cx, stage, Kind::Stopsignal) {
        // SIGTERM is the default in Docker and OCI.
        None => (
            line_after(cx, started, &format!("STOPSIGNAL {}", server.signal)),
            started.span,
        ),
        Some(step) => {
            let Some(word) = explicit_sigterm(cx, step) else {
                return;
            };
            let edit = Edit::replace(word.span, server.signal.to_owned());
            (edit, word.span)
        }
    };
    let message = format!(
        "on `SIGTERM`, `{}` {}",
        server.programs[0], server.on_sigterm
    );
    let fix = Fix::marked_unsafe(format!("use `{}`", server.signal), [edit]);
    findings.add(place, message).fix(fix);
}

/// The word of a STOPSIGNAL that sets SIGTERM, in any of its spellings.
fn explicit_sigterm<'s>(cx: &DockerfileContext<'_>, step: &Step<'s>) -> Option<&'s Word> {
    let word = first_word(step)?;
    let signal = cx.facts.expand(step, word)?;
    match signal.trim().to_ascii_uppercase().as_str() {
        "SIGTERM" | "TERM" | "15" => Some(word),
        _ => None,
    }
}

/// The server that a stage starts as its first process, with the instruction that starts it, if the
/// base image is known not to set a stop signal.
fn server<'f>(
    cx: &'f DockerfileContext<'_>,
    stage: &Stage<'_>,
) -> Option<(&'f Step<'f>, &'static Server)> {
    let known = stage.known?;
    if known.is_windows() {
        return None;
    }
    // With an ENTRYPOINT, CMD only provides its arguments.
    let step =
        last_of_kind(cx, stage, Kind::Entrypoint).or_else(|| last_of_kind(cx, stage, Kind::Cmd))?;
    let Body::Command(Command::Exec(words)) = &step.instruction.body else {
        return None;
    };
    let program = file_name(&words.first()?.value);
    // On these distributions, `init` is systemd; on Alpine it is BusyBox.
    let is_systemd = program == "init"
        && known
            .managers
            .iter()
            .any(|name| matches!(name.as_str(), "apt" | "dnf" | "yum"));
    let program = match program {
        _ if is_systemd => "systemd",
        // Debian includes the version in the name.
        versioned if versioned.starts_with("php-fpm") => "php-fpm",
        program => program,
    };
    let server = SERVERS
        .iter()
        .find(|server| server.programs.contains(&program))?;
    // An official image of the server sets the signal itself.
    let root = cx.facts.ancestry(stage.index).last()?;
    let sets_signal = match &root.base {
        Base::Image(image) => {
            let name = image.familiar_name()?;
            server.images.iter().any(|part| name.contains(part))
        }
        Base::Scratch => false,
        Base::Stage(_) => true,
    };
    if sets_signal {
        return None;
    }
    Some((step, server))
}
