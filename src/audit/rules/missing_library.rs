//! `missing-library`: the program needs what is not in the image.

use crate::audit::{Context, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "missing-library",
    page: Some(include_str!("../../../rules/lint/missing-library.md")),
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings<'_, '_>) {
    let Some(plan) = cx.plan else { return };
    for unmet in plan.unmet() {
        findings.file(unmet.by, format!("{} is not in the image", unmet.need));
    }
}
