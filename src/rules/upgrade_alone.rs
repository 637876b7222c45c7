//! `upgrade-alone`: packages are upgraded in a RUN that installs nothing.

use super::support::updates::report;
use crate::lint::facts::packages::{Action, PackageCall};
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "upgrade-alone",
    page: include_str!("../../rules/lint/upgrade-alone.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for run in cx.facts.runs() {
        let installs = run
            .package_calls()
            .any(|call| call.action == Action::Install);
        if installs {
            continue;
        }
        if let Some(call) = run.package_calls().find(is_upgrade_by_update) {
            report(cx, findings, run, &call);
        }
    }
}

/// Whether a call has the verb `update` and upgrades packages, as in dnf, yum and zypper. In apt,
/// that verb downloads package lists.
fn is_upgrade_by_update(call: &PackageCall<'_>) -> bool {
    call.action == Action::Upgrade
        && call.manager.name != "apt"
        && !call.manager.lists.is_empty()
        && call.is_verb(&["update", "up"])
}
