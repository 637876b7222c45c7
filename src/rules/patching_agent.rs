//! `patching-agent`: something in the image updates it while it runs.

use crate::lint::{Findings, ImageContext, Rule};
use crate::packages::Ecosystem;

pub(super) const RULE: Rule = Rule {
    name: "patching-agent",
    page: include_str!("../../rules/lint/patching-agent.md"),
    dockerfile: None,
    image: Some(check),
};

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
        if matches!(
            package.ecosystem,
            Ecosystem::Deb | Ecosystem::Rpm | Ecosystem::Apk
        ) && AGENTS.contains(&package.name.as_str())
        {
            let Some(&name) = package.files.first() else {
                continue;
            };
            findings.add(
                cx.at_file(name),
                format!("`{}` would change the image while it runs", package.name),
            );
        }
    }
}
