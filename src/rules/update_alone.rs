//! `update-alone`: package lists are updated in a RUN that installs nothing.

use super::support::rewrite::join;
use super::support::updates::{is_update, report};
use crate::lint::facts::packages::{Action, PackageCall, understand};
use crate::lint::facts::{Call, Run};
use crate::lint::{Applicability, DockerfileContext, Findings, Fix, Rule};

pub(super) const RULE: Rule = Rule {
    name: "update-alone",
    page: include_str!("../../rules/lint/update-alone.md"),
    dockerfile: Some(check),
    image: None,
};

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

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for run in cx.facts.runs() {
        let update = |call: &PackageCall<'_>| is_update(call) && !is_kept_in_a_cache(run, call);
        let mut understood = run
            .calls
            .iter()
            .enumerate()
            .filter_map(|(at, call)| Some((at, understand(call)?)));
        let Some((at, call)) = understood.find(|(_, call)| update(call)) else {
            continue;
        };
        if !run.calls[at + 1..].iter().any(may_install) {
            let later = cx.facts.runs().get(
                cx.facts
                    .runs()
                    .partition_point(|later| later.step <= run.step),
            );
            let next = later.filter(|later| {
                later
                    .package_calls()
                    .any(|call| call.action == Action::Install)
            });
            let fix = next.and_then(|next| join(cx, run, next));
            if let (Some(edit), report) = (fix, report(cx, findings, run, &call)) {
                report.fix(Fix::new(
                    "combine the two `RUN` instructions",
                    Applicability::Safe,
                    vec![edit],
                ));
            }
        }
    }
}

fn is_kept_in_a_cache(run: &Run<'_>, call: &PackageCall<'_>) -> bool {
    call.manager.lists.iter().any(|lists| run.keeps_out(lists))
}

/// Whether a call installs, or may: a manager of packages doing more than fetching lists, a script,
/// a shell.
fn may_install(call: &Call) -> bool {
    let by_manager = understand(call)
        .is_some_and(|call| matches!(call.action, Action::Install | Action::Upgrade));
    let other = call.name.starts_with("apt") && understand(call).is_none();
    by_manager
        || other
        || MAY_INSTALL.contains(&call.name.as_str())
        || call.name.contains('.')
        || call.name.contains("install")
}
