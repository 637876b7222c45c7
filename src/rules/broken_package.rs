//! `broken-package`: a package is only partly installed.

use crate::lint::{Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "broken-package",
    page: include_str!("../../rules/lint/broken-package.md"),
    dockerfile: None,
    image: Some(check),
    deployment: None,
};

fn check(cx: &ImageContext<'_>, findings: &mut Findings) {
    for package in &cx.packages.list {
        if let Some(state) = &package.broken {
            let message = format!("package `{}` is not fully installed: {state}", package.name);
            findings.add(cx.at_file(package.record), message);
        }
    }
}
