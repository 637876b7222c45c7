//! `unsuitable-stopsignal`: the program shuts down cleanly on another signal.

use super::support::rewrite::line_after;
use crate::dockerfile::{Body, Command, Kind};
use crate::lint::facts::{Base, Stage, Step};
use crate::lint::{Applicability, DockerfileContext, Edit, Findings, Fix, Rule};

pub(super) const RULE: Rule = Rule {
    name: "unsuitable-stopsignal",
    page: include_str!("../../rules/lint/unsuitable-stopsignal.md"),
    dockerfile: Some(check),
    image: None,
};

/// A program that is told by a signal of its own to end its work.
struct Server {
    programs: &'static [&'static str],
    signal: &'static str,
    /// What SIGTERM does to it.
    otherwise: &'static str,
    /// What is in the names of images that send that signal themselves.
    images: &'static [&'static str],
}

const SERVERS: [Server; 6] = [
    Server {
        programs: &["nginx", "openresty"],
        signal: "SIGQUIT",
        otherwise: "drops open requests",
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
        otherwise: "drops open requests",
        images: &["httpd", "apache", "php"],
    },
    Server {
        programs: &["php-fpm"],
        signal: "SIGQUIT",
        otherwise: "drops open requests",
        images: &["php"],
    },
    Server {
        programs: &["haproxy"],
        signal: "SIGUSR1",
        otherwise: "drops open connections",
        images: &["haproxy"],
    },
    Server {
        programs: &["postgres"],
        signal: "SIGINT",
        otherwise: "waits until the last client disconnects",
        images: &["postgres"],
    },
    Server {
        programs: &["systemd"],
        signal: "SIGRTMIN+3",
        otherwise: "restarts itself",
        images: &["init", "systemd"],
    },
];

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    let Some(stage) = cx.facts.final_stage() else {
        return;
    };
    let Some((started, server)) = server(cx, stage) else {
        return;
    };
    let signals = cx
        .facts
        .lineage(stage.index)
        .filter(|step| step.kind() == Kind::Stopsignal && !step.onbuild);
    let last = signals.max_by_key(|step| step.span.start);
    let (edit, place) = match last {
        None => (
            line_after(cx, started, &format!("STOPSIGNAL {}", server.signal)),
            started.span,
        ),
        Some(step) => {
            let Body::Words { words, .. } = &step.instruction.body else {
                return;
            };
            let Some(word) = words.first() else { return };
            let is_default = cx
                .facts
                .expand(step, word)
                .is_some_and(|signal| is_term(&signal));
            if !is_default {
                return;
            }
            (
                Edit {
                    span: word.span,
                    replacement: server.signal.to_owned(),
                },
                word.span,
            )
        }
    };
    let message = format!(
        "on `SIGTERM`, `{}` {}",
        server.programs[0], server.otherwise
    );
    let fix = Fix::new(
        format!("use `{}`", server.signal),
        Applicability::Unsafe,
        vec![edit],
    );
    findings.add(place, message).fix(fix);
}

fn is_term(signal: &str) -> bool {
    matches!(
        signal.trim().to_ascii_uppercase().as_str(),
        "SIGTERM" | "TERM" | "15"
    )
}

/// The first process, where it is one of these in a base image that is known not to say how it
/// ends.
fn server<'f>(
    cx: &'f DockerfileContext<'_>,
    stage: &Stage<'_>,
) -> Option<(&'f Step<'f>, &'static Server)> {
    let known = stage.known.filter(|known| !known.is_windows())?;
    let last = |kind| {
        let steps = cx
            .facts
            .lineage(stage.index)
            .filter(|step| step.kind() == kind && !step.onbuild);
        steps.max_by_key(|step| step.span.start)
    };
    let step = last(Kind::Entrypoint).or_else(|| last(Kind::Cmd))?;
    let Body::Command(Command::Exec(words)) = &step.instruction.body else {
        return None;
    };
    let program = words.first()?.value.rsplit('/').next()?;
    // On these distributions `init` is systemd.
    let is_systemd = program == "init"
        && known
            .managers
            .iter()
            .any(|name| matches!(name.as_str(), "apt" | "dnf" | "yum"));
    let program = match program {
        _ if is_systemd => "systemd",
        versioned if versioned.starts_with("php-fpm") => "php-fpm",
        program => program,
    };
    let server = SERVERS
        .iter()
        .find(|server| server.programs.contains(&program))?;
    let says_so = |image: &str| server.images.iter().any(|part| image.contains(part));
    let root = cx.facts.ancestry(stage.index).last()?;
    let is_silent = match &root.base {
        Base::Image(image) => image.familiar_name().is_some_and(|name| !says_so(name)),
        Base::Scratch => true,
        Base::Stage(_) => false,
    };
    is_silent.then_some((step, server))
}
