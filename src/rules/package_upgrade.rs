//! `package-upgrade`: the packages of the base image are upgraded.

use crate::lint::facts::Run;
use crate::lint::facts::packages::{Action, PackageCall};
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "package-upgrade",
    page: include_str!("../../rules/lint/package-upgrade.md"),
    dockerfile: Some(check),
    image: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for call in cx
        .facts
        .runs()
        .iter()
        .flat_map(Run::package_calls)
        .filter(upgrades_all)
    {
        findings.add(
            call.call.span,
            "packages of the base image are upgraded; use a newer base image instead",
        );
    }
}

/// Of the managers that have a system's packages, and not of one package or to another release.
fn upgrades_all(call: &PackageCall<'_>) -> bool {
    let release = call.is_verb(&["dist-upgrade", "full-upgrade", "dup", "distro-sync"]);
    call.action == Action::Upgrade
        && !call.manager.lists.is_empty()
        && call.packages.is_empty()
        && !release
}
