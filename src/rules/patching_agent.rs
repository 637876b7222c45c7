//! `patching-agent`: a package installs updates in running containers.

use crate::lint::{Findings, ImageContext, Rule};
use crate::packages::Ecosystem;

pub(super) const RULE: Rule = Rule {
    name: "patching-agent",
    page: include_str!("../../rules/lint/patching-agent.md"),
    dockerfile: None,
    image: Some(check),
    deployment: None,
};

/// Distribution packages that download or install updates from a timer or cron job.
const AGENTS: [&str; 6] = [
    "unattended-upgrades",
    "yum-cron",
    "dnf-automatic",
    "dnf5-plugin-automatic",
    "apt-listchanges",
    "cron-apt",
];

fn check(cx: &ImageContext<'_>, findings: &mut Findings) {
    for package in &cx.packages.list {
        // A Python package of the same name is something else.
        let is_distribution = matches!(
            package.ecosystem,
            Ecosystem::Deb | Ecosystem::Rpm | Ecosystem::Apk
        );
        if !is_distribution || !AGENTS.contains(&package.name.as_str()) {
            continue;
        }
        // A package without files cannot run anything.
        if let Some(&file) = package.files.first() {
            let message = format!("package `{}` installs updates at run time", package.name);
            findings.add(cx.at_file(file), message);
        }
    }
}
