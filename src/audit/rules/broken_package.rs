//! `broken-package`: a package is only half installed.

use crate::audit::{Context, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "broken-package",
    page: Some(include_str!("../../../rules/lint/broken-package.md")),
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings<'_, '_>) {
    for package in &cx.packages.list {
        if let Some(state) = &package.broken {
            findings.file(
                package.record,
                format!("the package `{}` is not whole: {state}", package.name),
            );
        }
    }
}
