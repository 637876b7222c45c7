//! `package-upgrade`: the packages of the base image are upgraded.

use crate::lint::facts::packages::{Action, PackageCall};
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "package-upgrade",
    page: include_str!("../../rules/lint/package-upgrade.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for (_, call) in cx.facts.package_calls() {
        if upgrades_all(&call) {
            let message = "packages are upgraded; use a newer base image instead";
            findings.add(call.call.span, message);
        }
    }
}

/// Whether a call upgrades all packages of the distribution, within its release.
fn upgrades_all(call: &PackageCall<'_>) -> bool {
    // Only managers of distributions have package lists. Upgrades to another release are reported
    // by `apt-dist-upgrade` and `zypper-dist-upgrade`.
    let release = call.is_verb(&["dist-upgrade", "full-upgrade", "dup", "distro-sync"]);
    call.action == Action::Upgrade
        && !call.manager.lists.is_empty()
        && call.packages.is_empty()
        && !release
}
