//! `update-alone`: package lists are fetched in a RUN that installs nothing.

use crate::lint::facts::packages::{Action, PackageCall, understand};
use crate::lint::facts::{Call, Run};
use crate::lint::{Context, Findings, Rule};

pub(super) const RULE: Rule =
    Rule { name: "update-alone", page: include_str!("../../rules/lint/update-alone.md"), check };

/// Programs that may install something by themselves.
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

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for run in cx.facts.runs() {
        let update =
            |call: &Call| understand(call).filter(|call| is_update(call) && !is_kept_in_a_cache(run, call)).is_some();
        let Some(at) = run.calls.iter().rposition(update) else { continue };
        if !run.calls[at + 1..].iter().any(may_install) {
            let call = &run.calls[at];
            findings.add(call.span, "the lists are fetched, and nothing is installed from them in this `RUN`");
        }
    }
}

fn is_update(call: &PackageCall<'_>) -> bool {
    call.action == Action::Update && !call.manager.lists.is_empty()
}

fn is_kept_in_a_cache(run: &Run<'_>, call: &PackageCall<'_>) -> bool {
    call.manager.lists.iter().any(|lists| run.keeps_out(lists))
}

/// Whether a call installs, or may: a manager of packages doing more than fetching lists, a script, a shell.
fn may_install(call: &Call) -> bool {
    let by_manager = understand(call).is_some_and(|call| matches!(call.action, Action::Install | Action::Upgrade));
    let other = call.name.starts_with("apt") && understand(call).is_none();
    by_manager
        || other
        || MAY_INSTALL.contains(&call.name.as_str())
        || call.name.contains('.')
        || call.name.contains("install")
}
