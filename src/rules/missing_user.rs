//! `missing-user`: no USER anywhere, and the base image runs as root.

use crate::dockerfile::{Body, Command, Kind};
use crate::lint::facts::{Base, Stage, User};
use crate::lint::{Context, Findings, Rule};

pub(super) const RULE: Rule =
    Rule { name: "missing-user", page: include_str!("../../rules/lint/missing-user.md"), check };

/// Programs by which an entrypoint gives up root itself.
const DROPPERS: [&str; 7] = ["gosu", "su-exec", "setpriv", "runuser", "s6-setuidgid", "chpst", "fixuid"];

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let Some(stage) = cx.facts.final_stage() else { return };
    let Some(user) = stage.known.and_then(|known| known.user.as_deref()) else { return };
    let is_root = User::is_root(user) || user == "ContainerAdministrator";
    if stage.user.is_some() || !is_root || drops_privileges(cx, stage) || only_carries_files(cx, stage) {
        return;
    }
    let report = findings.add(stage.from.span, format!("no `USER` is set, so the container runs as `{user}`"));
    let root = cx.facts.ancestry(stage.index).last().filter(|root| root.index != stage.index);
    if let Some(root) = root {
        report.label(root.image.span, format!("this image runs as `{user}`"));
    }
}

/// Whether a program is installed or called that changes the user when the container starts.
fn drops_privileges(cx: &Context<'_>, stage: &Stage<'_>) -> bool {
    cx.facts.lineage(stage.index).any(|step| match (&step.instruction.body, step.kind()) {
        (Body::Command(Command::Exec(words)), Kind::Entrypoint | Kind::Cmd) => {
            words.iter().any(|word| is_dropper(&word.value))
        }
        (_, Kind::Run | Kind::Copy | Kind::Add | Kind::Entrypoint | Kind::Cmd) => {
            cx.source.slice(step.span).split(|c: char| c.is_whitespace() || ";&|\"'=".contains(c)).any(is_dropper)
        }
        _ => false,
    })
}

fn is_dropper(word: &str) -> bool {
    let name = word.rsplit('/').next().unwrap_or(word);
    DROPPERS
        .iter()
        .any(|dropper| name == *dropper || name.strip_prefix(dropper).is_some_and(|rest| rest.starts_with('-')))
}

/// An image from scratch without a program to start is there to be copied from.
fn only_carries_files(cx: &Context<'_>, stage: &Stage<'_>) -> bool {
    let starts = |kind| matches!(kind, Kind::Entrypoint | Kind::Cmd);
    cx.facts.ancestry(stage.index).last().is_some_and(|root| root.base == Base::Scratch)
        && !cx.facts.lineage(stage.index).any(|step| starts(step.kind()))
}
