//! `unused-package`: the program can reach no file of a package.

use crate::image::NameId;
use crate::lint::{Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "unused-package",
    page: include_str!("../../rules/lint/unused-package.md"),
    dockerfile: None,
    image: Some(check),
    deployment: None,
};

fn check(cx: &ImageContext<'_>, findings: &mut Findings) {
    // Without a program, nothing is known to be reachable.
    let Some(plan) = cx.plan else {
        return;
    };
    for package in &cx.packages.list {
        if !package.ecosystem.is_distribution() {
            continue;
        }
        // Directories and symlinks take no space, and packages share them.
        let files: Vec<NameId> = package
            .files
            .iter()
            .copied()
            .filter(|&name| cx.is_file(name))
            .collect();
        let Some(&first) = files.first() else {
            continue;
        };
        if files.iter().any(|&name| plan.is_kept(name)) {
            continue;
        }
        let bytes: u64 = files.iter().map(|&name| cx.length(name)).sum();
        let (name, size) = (&package.name, cx.size(bytes));
        let message = format!("no file in package `{name}` ({size}) is reachable");
        findings.add(cx.at_file(first), message);
    }
}
