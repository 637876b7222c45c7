//! `update-alone`: package lists are updated in a RUN that installs nothing.

use super::support::rewrite::join;
use super::support::updates::{is_update, later_install, report};
use crate::lint::facts::packages::{Action, PackageCall, understand};
use crate::lint::facts::{Call, Run, deletes};
use crate::lint::{DockerfileContext, Findings, Fix, Rule};

pub(super) const RULE: Rule = Rule {
    name: "update-alone",
    page: include_str!("../../rules/lint/update-alone.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

/// Programs that may install packages, because they run a script or another program.
const MAY_INSTALL: [&str; 14] = [
    ".",
    "ash",
    "bash",
    "debootstrap",
    "dpkg",
    "eval",
    "gdebi",
    "make",
    "mk-build-deps",
    "npx",
    "playwright",
    "python3",
    "sh",
    "source",
];

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    let runs = cx.facts.runs();
    for (index, run) in runs.iter().enumerate() {
        let Some((last, update)) = first_update(run) else {
            continue;
        };
        let later = &run.calls[last + 1..];
        if later.iter().any(may_install) {
            continue;
        }
        // An upgrade makes use of the lists, but a later RUN must not.
        let is_upgraded = update.action == Action::Upgrade || later.iter().any(upgrades);
        if is_upgraded && !is_used_later(cx, run, &update) {
            continue;
        }
        let report = report(cx, findings, run, &update);
        // If it is joined with the next RUN, the update is in the same layer as the installation.
        let Some(next) = runs.get(index + 1) else {
            continue;
        };
        let installs = next
            .package_calls()
            .any(|call| call.action == Action::Install);
        if installs && let Some(edit) = join(cx, run, next) {
            report.fix(Fix::safe("combine the two `RUN` instructions", [edit]));
        }
    }
}

/// The first call of a RUN that updates package lists, with its index.
fn first_update<'r>(run: &'r Run<'_>) -> Option<(usize, PackageCall<'r>)> {
    for (index, call) in run.calls.iter().enumerate() {
        // In a mounted cache, the lists are shared with later builds on purpose.
        if let Some(call) = understand(call)
            && is_update(&call)
            // `pacman -Syu name` installs by itself.
            && call.action != Action::Install
            && !is_kept_in_a_cache(run, &call)
        {
            return Some((index, call));
        }
    }
    None
}

/// Whether the lists of a call's package manager are in a cache mount.
fn is_kept_in_a_cache(run: &Run<'_>, call: &PackageCall<'_>) -> bool {
    call.manager.lists.iter().any(|lists| run.keeps_out(lists))
}

fn upgrades(call: &Call) -> bool {
    understand(call).is_some_and(|call| call.action == Action::Upgrade)
}

/// Whether a later RUN installs from the lists of this one.
fn is_used_later(cx: &DockerfileContext<'_>, run: &Run<'_>, update: &PackageCall<'_>) -> bool {
    for lists in &update.manager.lists {
        if run.calls.iter().any(|call| deletes(call, lists)) {
            return false;
        }
    }
    // `apk add --no-cache` downloads lists of its own.
    later_install(cx, run, update).is_some_and(|install| {
        !(install.manager.name == "apk" && install.has_option(&install.manager.no_cache))
    })
}

/// Whether a call installs packages, or may do so because it runs something else.
fn may_install(call: &Call) -> bool {
    let understood = understand(call);
    let installs = understood
        .as_ref()
        .is_some_and(|call| call.action == Action::Install);
    // `apt-cacher` and other front ends are not in the table.
    let is_front_end = call.name.starts_with("apt") && understood.is_none();
    // A script has an extension, or a name such as `install-deps`.
    installs
        || is_front_end
        || MAY_INSTALL.contains(&call.name.as_str())
        || call.name.contains('.')
        || call.name.contains("install")
}
