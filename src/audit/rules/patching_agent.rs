//! `patching-agent`: something in the image updates it while it runs.

use crate::audit::{Context, Findings, Rule};
use crate::packages::Ecosystem;

pub(super) const RULE: Rule = Rule {
    name: "patching-agent",
    page: Some(include_str!("../../../rules/lint/patching-agent.md")),
    check,
};

const AGENTS: [&str; 6] = [
    "unattended-upgrades",
    "yum-cron",
    "dnf-automatic",
    "dnf5-plugin-automatic",
    "apt-listchanges",
    "cron-apt",
];

fn check(cx: &Context<'_>, findings: &mut Findings<'_, '_>) {
    for package in &cx.packages.list {
        if matches!(
            package.ecosystem,
            Ecosystem::Deb | Ecosystem::Rpm | Ecosystem::Apk
        ) && AGENTS.contains(&package.name.as_str())
        {
            let Some(&name) = package.files.first() else {
                continue;
            };
            findings.file(
                name,
                format!("`{}` would change the image while it runs", package.name),
            );
        }
    }
}
