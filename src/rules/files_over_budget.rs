//! `files-over-budget`: the image has more files than the policy allows.

use crate::lint::{Findings, ImageContext, Rule};
use crate::size::counted;

pub(super) const RULE: Rule = Rule {
    name: "files-over-budget",
    page: include_str!("../../rules/lint/files-over-budget.md"),
    dockerfile: None,
    image: Some(check),
    deployment: None,
};

fn check(cx: &ImageContext<'_>, findings: &mut Findings) {
    // Without a policy, any number is allowed.
    let Some(most) = cx.policy.max_files else {
        return;
    };
    if cx.files.files <= most {
        return;
    }
    let count = counted(cx.files.files, "file");
    let message = format!("image has {count}; the policy allows {most}");
    let report = findings
        .add(cx.at_image(), message)
        .because(cx.policy.budget("max-files"));
    // A realistic target.
    if let Some(plan) = cx.plan {
        let reachable = counted(plan.totals().after.files, "file");
        report.note(format!("reachable from the entry point: {reachable}"));
    }
}
