//! RUN instructions that leave the cache of a package manager in their layer.

use super::rewrite::append;
use super::unattended::insert_after;
use crate::dockerfile::Kind;
use crate::knowledge::{PackageManager, package_manager_of};
use crate::lint::facts::packages::{Action, PackageCall, understand};
use crate::lint::facts::{Call, Run, deletes};
use crate::lint::{DockerfileContext, Edit, Findings, Fix};
use crate::source::Span;

/// A way to keep a cache out of a layer.
pub(in crate::rules) enum CacheFix {
    /// An option after the verb.
    Option(&'static str),
    /// A command at the end of the RUN, as arguments of the package manager.
    Then(&'static str),
    /// There is neither a command nor an option for it.
    None,
}

pub(in crate::rules) fn check(
    cx: &DockerfileContext<'_>,
    findings: &mut Findings,
    managers: &[&str],
    fix: &CacheFix,
) {
    for run in cx.facts.runs() {
        // The layers of builder stages are not pushed, so their caches do no harm.
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
        // One finding per RUN, at the last call, because that is where a fix must be inserted.
        let Some((index, call)) = filling.last() else {
            continue;
        };
        let later = &run.calls[index + 1..];
        if later.iter().any(|later| empties(call, later)) {
            continue;
        }
        let span = call.verb.map_or(call.call.name_span, |verb| {
            call.call.name_span.to(verb.argument.span)
        });
        let message = format!("`{}` cache is left in the layer", call.call.name);
        let report = findings.add(span, message);
        // An option must be added to every call, because each of them fills the cache.
        let filling: Vec<PackageCall<'_>> = filling.into_iter().map(|(_, call)| call).collect();
        if let Some((title, edits)) = edits(cx, run, &filling, fix) {
            report.fix(Fix::safe(title, edits));
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

/// Whether a call leaves files in the cache of its package manager.
fn fills(cx: &DockerfileContext<'_>, run: &Run<'_>, call: &PackageCall<'_>) -> bool {
    let manager = cache_owner(call);
    // The lists of some managers are a part of the cache that an option turns off: `apk update`.
    let fetches_lists = call.action == Action::Update
        && !manager.no_cache.is_empty()
        && manager
            .lists
            .iter()
            .any(|lists| manager.caches.contains(lists));
    if !fetches_lists && !matches!(call.action, Action::Install | Action::Upgrade) {
        return false;
    }
    // Options in a variable may turn the cache off. A call with a second command among its
    // arguments is reported by `swallowed-command`.
    if call.has_option(&manager.no_cache) || call.hides_options() || call.swallowed().is_some() {
        return false;
    }
    // With a mount, the cache is outside the layer.
    for cache in &manager.caches {
        if run.keeps_out(cache) || is_mounted_elsewhere(run, cache) {
            return false;
        }
    }
    let switch = manager.no_cache_variable.into_iter();
    let moved = manager.cache_variables.iter().copied();
    !switch.chain(moved).any(|name| is_off(cx, run, call, name))
}

/// Whether a mount covers the cache of another user: `/home/app/.cache/pip` for
/// `/root/.cache/pip`.
fn is_mounted_elsewhere(run: &Run<'_>, cache: &str) -> bool {
    // The user's home is rarely known, so any directory with the same name below it counts.
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

/// The word for "no" in a variable for a call of pip. The variable turns the cache off even with
/// this value.
pub(in crate::rules) fn negated_switch(
    cx: &DockerfileContext<'_>,
    run: &Run<'_>,
    call: &PackageCall<'_>,
) -> Option<String> {
    let manager = cache_owner(call);
    let name = manager.no_cache_variable?;
    if !manager.no_cache_if_set {
        return None;
    }
    let value = value_of(cx, run, call, name)?;
    let is_no = ["0", "no", "off", "false", "f", "n"].contains(&value.as_str());
    if is_no {
        Some(format!("{name}={value}"))
    } else {
        None
    }
}

/// The value of a variable for a call, without quotes and in lowercase.
fn value_of(
    cx: &DockerfileContext<'_>,
    run: &Run<'_>,
    call: &PackageCall<'_>,
    name: &str,
) -> Option<String> {
    let step = &cx.facts.steps[run.step];
    // The script comes first: it overrides the ENV that it starts with.
    let value = assigned_in_script(run, call, name)
        .or_else(|| cx.facts.variable(step, name))
        .or_else(|| before_any_stage(cx, run, name))?;
    Some(value.trim_matches(['"', '\'']).to_ascii_lowercase())
}

/// Whether a variable turns off or moves the cache of a call: by ENV, before the command, or
/// exported in the script.
fn is_off(cx: &DockerfileContext<'_>, run: &Run<'_>, call: &PackageCall<'_>, name: &str) -> bool {
    let Some(value) = value_of(cx, run, call, name) else {
        return false;
    };
    // pip turns its cache off for `false`, too: for compatibility with a bug of old versions, see
    // `_handle_no_cache_dir` in its source. It ignores an empty value.
    let manager = cache_owner(call);
    if manager.no_cache_variable != Some(name) || manager.no_cache_if_set {
        return !value.is_empty();
    }
    // uv takes these words for false, in any case.
    !matches!(
        value.as_str(),
        "" | "0" | "no" | "off" | "false" | "f" | "n"
    )
}

/// The last value that the script of a RUN assigns to a variable before a call.
fn assigned_in_script(run: &Run<'_>, call: &PackageCall<'_>, name: &str) -> Option<String> {
    // A call in exec form has no script and therefore no assignments.
    let last = call.call.command?;
    let commands = &run.script.as_ref()?.commands;
    let mut value = None;
    for (index, command) in commands.iter().enumerate().take(last + 1) {
        let mut words = Vec::new();
        if command
            .words
            .first()
            .is_some_and(|word| word.raw == "export")
        {
            words.extend(&command.words);
        }
        // An assignment before a command applies to this command only.
        if index == last {
            words.extend(&command.assignments);
        }
        let assigned = words
            .iter()
            .find_map(|word| word.raw.strip_prefix(name)?.strip_prefix('='));
        if let Some(assigned) = assigned {
            value = Some(assigned.to_owned());
        }
    }
    value
}

/// The value set by an ENV in a file without a FROM, which is included in another Dockerfile.
fn before_any_stage(cx: &DockerfileContext<'_>, run: &Run<'_>, name: &str) -> Option<String> {
    // In a stage, the variable is looked up in the facts.
    if cx.facts.steps[run.step].stage.is_some() {
        return None;
    }
    for step in cx.facts.steps.get(..run.step)?.iter().rev() {
        let pairs = step.instruction.body.pairs();
        if step.kind() != Kind::Env {
            continue;
        }
        if let Some(pair) = pairs.iter().find(|pair| pair.key.text.as_str() == name) {
            return Some(pair.value.as_ref()?.text.as_str().to_owned());
        }
    }
    None
}

/// Whether a later call empties the cache that this one fills.
fn empties(call: &PackageCall<'_>, later: &Call) -> bool {
    let owner = cache_owner(call);
    // The manager's own command first: `apt-get clean`, `pip cache purge`.
    if let Some(later) = understand(later)
        && cache_owner(&later).name == owner.name
        && later.empties_cache()
    {
        return true;
    }
    owner.caches.iter().any(|cache| deletes(later, cache))
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
            let (mut edits, mut title) = (Vec::new(), None);
            for call in calls {
                if let Some(edit) = remove_update(cx, run, calls, call) {
                    title.get_or_insert_with(|| format!("remove `{} update`", call.call.name));
                    edits.push(edit);
                    continue;
                }
                let verb = call.verb?;
                title = Some(format!("add `{option}`"));
                edits.push(insert_after(cx, verb.argument.span, verb.word, option)?);
            }
            Some((title?, edits))
        }
        CacheFix::Then(arguments) => {
            let call = calls.last()?;
            let command = format!("{} {arguments}", call.call.name);
            // A cache that root filled cannot be emptied without the same privileges.
            let is_sudo = call.call.via.iter().any(|via| via == "sudo");
            let sudo = if is_sudo { "sudo " } else { "" };
            let edit = append(cx, run, &format!("{sudo}{command}"))?;
            Some((format!("run `{command}` in the same `RUN`"), vec![edit]))
        }
        CacheFix::None => None,
    }
}

/// Removes a command that only downloads the lists, such as `apk update`. The next one downloads
/// lists of its own, as it has the option that keeps the cache empty, or gets it by the same fix.
fn remove_update(
    cx: &DockerfileContext<'_>,
    run: &Run<'_>,
    calls: &[PackageCall<'_>],
    update: &PackageCall<'_>,
) -> Option<Edit> {
    if update.action != Action::Update {
        return None;
    }
    let call = update.call;
    let next = run
        .calls
        .partition_point(|other| other.span.start < call.span.end);
    let next = run.calls.get(next)?;
    let user = understand(next)?;
    let has_option = user.has_option(&user.manager.no_cache)
        || calls
            .binary_search_by_key(&next.span, |other| other.call.span)
            .is_ok();
    let downloads = matches!(user.action, Action::Install | Action::Upgrade)
        && user.manager.name == update.manager.name
        && has_option;
    // A wrapper, a variable or a `!` before the command would act on the next one.
    let command = run.script.as_ref()?.commands.get(call.command?)?;
    let before = cx.source.text().get(..call.span.start)?.trim_end();
    let is_bare = call.via.is_empty() && command.assignments.is_empty() && !before.ends_with('!');
    if !downloads || !is_bare {
        return None;
    }
    let removed = Span::new(call.span.start, next.span.start.max(call.span.end));
    let between = cx.source.slice(Span::new(call.span.end, removed.end));
    let operator = between.replace(cx.dockerfile.escape, "");
    if !matches!(operator.trim(), "&&" | ";" | "") {
        return None;
    }
    Some(Edit {
        span: removed,
        replacement: String::new(),
    })
}
