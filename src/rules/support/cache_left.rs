//! What the rules share that look for a package manager's cache in a layer.

use super::rewrite::append;
use super::unattended::after;
use crate::dockerfile::{Body, Kind};
use crate::lint::facts::packages::{Action, Manager, PackageCall, of_program, understand};
use crate::lint::facts::{Call, Facts, Run, deletes};
use crate::lint::{Applicability, DockerfileContext, Edit, Findings, Fix};

/// How a cache is kept out of a layer.
pub(in crate::rules) enum Mend {
    /// By an option after the verb.
    Option(&'static str),
    /// By a command at the end, called with the name of the program before it.
    Then(&'static str),
    None,
}

/// Reports the last call of a RUN that fills the cache of one of these managers, where nothing
/// empties it after.
pub(in crate::rules) fn check(
    cx: &DockerfileContext<'_>,
    findings: &mut Findings,
    managers: &[&str],
    mend: &Mend,
) {
    for run in cx
        .facts
        .runs()
        .iter()
        .filter(|run| ends_in_the_image(cx.facts, run))
    {
        let filling =
            |call: &PackageCall<'_>| managers.contains(&keeper(call).name) && fills(cx, run, call);
        let mut understood = run
            .calls
            .iter()
            .enumerate()
            .rev()
            .filter_map(|(at, call)| Some((at, understand(call)?)));
        let Some((at, call)) = understood.find(|(_, call)| filling(call)) else {
            continue;
        };
        if run.calls[at + 1..]
            .iter()
            .any(|later| empties(&call, later))
        {
            continue;
        }
        let span = call.verb.map_or(call.call.name_span, |verb| {
            call.call.name_span.to(verb.argument.span)
        });
        let report = findings.add(
            span,
            format!("what `{}` downloads stays in the layer", call.call.name),
        );
        let filling: Vec<PackageCall<'_>> = run.calls[..=at]
            .iter()
            .filter_map(understand)
            .filter(|call| filling(call))
            .collect();
        if let Some((title, edits)) = mending(cx, run, &filling, mend) {
            report.fix(Fix::new(title, Applicability::Safe, edits));
        }
    }
}

/// Whose cache it is: `uv pip` speaks as pip does, and keeps what it downloads as uv does.
fn keeper(call: &PackageCall<'_>) -> &'static Manager {
    of_program(&call.call.name)
        .filter(|manager| manager.name == "uv")
        .unwrap_or(call.manager)
}

fn fills(cx: &DockerfileContext<'_>, run: &Run<'_>, call: &PackageCall<'_>) -> bool {
    let manager = keeper(call);
    matches!(call.action, Action::Install | Action::Upgrade)
        && !call.has_option(manager.no_cache)
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
    let by_itself =
        |later: PackageCall<'_>| keeper(&later).name == keeper(call).name && later.empties_cache();
    understand(later).is_some_and(by_itself)
        || keeper(call)
            .caches
            .iter()
            .any(|cache| deletes(later, cache))
}

/// What leaves nothing of these calls, the last of which is reported.
fn mending(
    cx: &DockerfileContext<'_>,
    run: &Run<'_>,
    calls: &[PackageCall<'_>],
    mend: &Mend,
) -> Option<(String, Vec<Edit>)> {
    match mend {
        Mend::Option(option) => {
            let edit = |call: &PackageCall<'_>| {
                let verb = call.verb?;
                after(cx, verb.argument.span, verb.word, option)
            };
            let edits: Option<Vec<Edit>> = calls.iter().map(edit).collect();
            Some((format!("add `{option}`"), edits?))
        }
        Mend::Then(command) => {
            let call = calls.last()?;
            let command = format!("{} {command}", call.call.name);
            let sudo = if call.call.via.iter().any(|via| via == "sudo") {
                "sudo "
            } else {
                ""
            };
            let edit = append(cx, run, &format!("{sudo}{command}"))?;
            Some((format!("call `{command}` in the same `RUN`"), vec![edit]))
        }
        Mend::None => None,
    }
}

/// Whether a layer is one of the image's: of the final stage or those it is built on, or of whoever
/// builds on it.
pub(in crate::rules) fn ends_in_the_image(facts: &Facts<'_>, run: &Run<'_>) -> bool {
    let step = &facts.steps[run.step];
    let final_stage = facts.final_stage().map(|stage| stage.index);
    let within = |stage| {
        final_stage.is_some_and(|last| facts.ancestry(last).any(|ancestor| ancestor.index == stage))
    };
    step.onbuild || step.stage.is_none_or(within)
}
