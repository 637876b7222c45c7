//! `unused-package`: nothing of a package can be reached by the program.

use crate::audit::{Context, Findings, Rule};
use crate::image::Kind;

pub(super) const RULE: Rule = Rule {
    name: "unused-package",
    page: Some(include_str!("../../../rules/lint/unused-package.md")),
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings<'_, '_>) {
    let Some(plan) = cx.plan else { return };
    for package in cx
        .packages
        .list
        .iter()
        .filter(|package| package.ecosystem.is_distribution())
    {
        let mut files = package
            .files
            .iter()
            .filter(|&&name| matches!(cx.tree().inode(name).kind, Kind::File(_)))
            .peekable();
        let Some(&first) = files.peek() else { continue };
        if files.clone().any(|&name| plan.is_kept(name)) {
            continue;
        }
        let bytes: u64 = files.map(|&name| cx.length(name)).sum();
        findings.file(
            *first,
            format!(
                "nothing reaches a file of `{}`, which has {}",
                package.name,
                cx.size(bytes)
            ),
        );
    }
}
