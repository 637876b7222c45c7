//! `file-capability`: a program has file capabilities.

use crate::lint::{Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "file-capability",
    page: include_str!("../../rules/lint/file-capability.md"),
    dockerfile: None,
    image: Some(check),
    deployment: None,
};

fn check(cx: &ImageContext<'_>, findings: &mut Findings) {
    // The attribute `security.capability`, which `setcap` writes.
    for &name in &cx.files.capabilities {
        let path = cx.path(name);
        findings.add(cx.at_file(name), format!("`{path}` has file capabilities"));
    }
}
