//! RUN instructions that leave the cache of a package manager in their layer.

use super::rewrite::append;
use super::unattended::after;
use crate::dockerfile::{Body, Kind};
use crate::knowledge::{PackageManager, package_manager_of};
use crate::lint::facts::packages::{Action, PackageCall, understand};
use crate::lint::facts::{Call, Run, deletes};
use crate::lint::{Applicability, DockerfileContext, Edit, Findings, Fix};

/// How to keep a cache out of a layer.
pub(in crate::rules) enum CacheFix {
    /// An option after the verb.
    Option(&'static str),
    /// A command at the end of the RUN: the arguments of the package manager.
    Then(&'static str),
    None,
}

/// Reports the last call of a RUN that fills the cache of one of these managers, unless a later
/// call empties it.
pub(in crate::rules) fn check(
    cx: &DockerfileContext<'_>,
    findings: &mut Findings,
    managers: &[&str],
    fix: &CacheFix,
) {
    for run in cx.facts.runs() {
        if !cx.facts.may_be_in_final_image(&cx.facts.steps[run.step]) {
            continue;
        }
        let mut filling = Vec::new();
        for (index, call) in run.calls.iter().enumerate() {
            if let Some(call) = understand(call)
                && managers.contains(&cache_owner(&call).name)
                && fills(cx, run, &call)
            {
                filling.push((index, call));
            }
        }
        let Some((index, call)) = filling.last() else {
            continue;
        };
        if run.calls[index + 1..]
            .iter()
            .any(|later| empties(call, later))
        {
            continue;
        }
        let span = call.verb.map_or(call.call.name_span, |verb| {
            call.call.name_span.to(verb.argument.span)
        });
        let report = findings.add(
            span,
            format!("cache of `{}` is left in the layer", call.call.name),
        );
        let filling: Vec<PackageCall<'_>> = filling.into_iter().map(|(_, call)| call).collect();
        if let Some((title, edits)) = edits(cx, run, &filling, fix) {
            report.fix(Fix::new(title, Applicability::Safe, edits));
        }
    }
}

/// The manager whose cache a call fills: `uv pip` has pip's arguments and uv's cache.
fn cache_owner(call: &PackageCall<'_>) -> &'static PackageManager {
    match package_manager_of(&call.call.name) {
        Some(manager) if manager.name == "uv" => manager,
        _ => call.manager,
    }
}

fn fills(cx: &DockerfileContext<'_>, run: &Run<'_>, call: &PackageCall<'_>) -> bool {
    let manager = cache_owner(call);
    matches!(call.action, Action::Install | Action::Upgrade)
        && !call.has_option(&manager.no_cache)
        && !call.hides_options()
        && call.swallowed().is_none()
        && !manager
            .caches
            .iter()
            .any(|cache| run.keeps_out(cache) || is_mounted_elsewhere(run, cache))
        && !manager
            .no_cache_variable
            .is_some_and(|name| is_set(cx, run, call, name))
}

/// A cache below another user's home: `/home/app/.cache/pip` for `/root/.cache/pip`.
fn is_mounted_elsewhere(run: &Run<'_>, cache: &str) -> bool {
    let Some(own) = cache.strip_prefix("/root") else {
        return false;
    };
    run.mounts.iter().any(|mount| {
        let target = mount
            .target
            .as_deref()
            .unwrap_or_default()
            .trim_end_matches('/');
        matches!(mount.kind.as_str(), "cache" | "tmpfs")
            && (target.ends_with(own) || target.ends_with("/.cache"))
    })
}

/// Whether a variable is true for a call: by ENV, before the command, or exported in the script.
fn is_set(cx: &DockerfileContext<'_>, run: &Run<'_>, call: &PackageCall<'_>, name: &str) -> bool {
    let commands = run.script.iter().flat_map(|script| &script.commands);
    let own = commands
        .enumerate()
        .filter(|(at, _)| Some(*at) <= call.call.command)
        .filter_map(|(at, command)| {
            let exported = command
                .words
                .first()
                .is_some_and(|word| word.raw == "export");
            let words = if exported { &command.words[..] } else { &[] };
            let assigned = if Some(at) == call.call.command {
                &command.assignments[..]
            } else {
                &[]
            };
            words.iter().chain(assigned).find_map(|word| {
                word.raw
                    .strip_prefix(name)?
                    .strip_prefix('=')
                    .map(str::to_owned)
            })
        });
    let step = &cx.facts.steps[run.step];
    let value = own
        .last()
        .or_else(|| cx.facts.variable(step, name))
        .or_else(|| before_any_stage(cx, run, name));
    value.is_some_and(|value| {
        let value = value.trim_matches(['"', '\'']).to_ascii_lowercase();
        !matches!(
            value.as_str(),
            "" | "0" | "no" | "off" | "false" | "f" | "n"
        )
    })
}

/// What an ENV sets in a file without a FROM, which is part of another.
fn before_any_stage(cx: &DockerfileContext<'_>, run: &Run<'_>, name: &str) -> Option<String> {
    let steps = cx
        .facts
        .steps
        .get(..run.step)
        .filter(|_| cx.facts.steps[run.step].stage.is_none())?;
    let pairs = steps
        .iter()
        .rev()
        .filter(|step| step.kind() == Kind::Env)
        .filter_map(|step| match &step.instruction.body {
            Body::Pairs(pairs) => Some(pairs),
            _ => None,
        });
    let pair = pairs
        .flatten()
        .find(|pair| pair.key.text.as_str() == name)?;
    pair.value
        .as_ref()
        .map(|value| value.text.as_str().to_owned())
}

/// Whether a later call empties the cache that this one fills.
fn empties(call: &PackageCall<'_>, later: &Call) -> bool {
    let by_itself = |later: PackageCall<'_>| {
        cache_owner(&later).name == cache_owner(call).name && later.empties_cache()
    };
    understand(later).is_some_and(by_itself)
        || cache_owner(call)
            .caches
            .iter()
            .any(|cache| deletes(later, cache))
}

/// The title and the edits of a fix for the calls of a RUN that fill a cache.
fn edits(
    cx: &DockerfileContext<'_>,
    run: &Run<'_>,
    calls: &[PackageCall<'_>],
    fix: &CacheFix,
) -> Option<(String, Vec<Edit>)> {
    match fix {
        CacheFix::Option(option) => {
            let mut edits = Vec::new();
            for call in calls {
                let verb = call.verb?;
                edits.push(after(cx, verb.argument.span, verb.word, option)?);
            }
            Some((format!("add `{option}`"), edits))
        }
        CacheFix::Then(arguments) => {
            let call = calls.last()?;
            let command = format!("{} {arguments}", call.call.name);
            let is_sudo = call.call.via.iter().any(|via| via == "sudo");
            let sudo = if is_sudo { "sudo " } else { "" };
            let edit = append(cx, run, &format!("{sudo}{command}"))?;
            Some((format!("run `{command}` in the same `RUN`"), vec![edit]))
        }
        CacheFix::None => None,
    }
}
