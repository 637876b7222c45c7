//! `upgrade-alone`: packages are upgraded in a RUN that installs nothing.

use super::support::updates::report;
use crate::lint::facts::packages::{Action, PackageCall};
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "upgrade-alone",
    page: include_str!("../../rules/lint/upgrade-alone.md"),
    dockerfile: Some(check),
    image: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for run in cx.facts.runs() {
        let updates = |call: &PackageCall<'_>| {
            call.action == Action::Upgrade
                && call.manager.name != "apt"
                && !call.manager.lists.is_empty()
                && call.is_verb(&["update", "up"])
        };
        let Some(call) = run.package_calls().find(updates) else {
            continue;
        };
        if !run
            .package_calls()
            .any(|other| other.action == Action::Install)
        {
            report(cx, findings, run, &call);
        }
    }
}
