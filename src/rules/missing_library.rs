//! `missing-library`: a file that the program needs is not in the image.

use crate::lint::{Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "missing-library",
    page: include_str!("../../rules/lint/missing-library.md"),
    dockerfile: None,
    image: Some(check),
    deployment: None,
};

fn check(cx: &ImageContext<'_>, findings: &mut Findings) {
    // Without an entry point, there is no plan, and no file is known to be needed.
    let Some(plan) = cx.plan else {
        return;
    };
    for unmet in plan.unmet() {
        let (path, need) = (cx.path(unmet.by), &unmet.need);
        let message = format!("`{path}` needs {need}, which is not in the image");
        findings.add(cx.at_file(unmet.by), message);
    }
}
