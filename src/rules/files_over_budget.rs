//! `files-over-budget`: the image has more files than the policy allows.

use crate::lint::{Findings, ImageContext, Rule};
use crate::size::counted;

pub(super) const RULE: Rule = Rule {
    name: "files-over-budget",
    page: include_str!("../../rules/lint/files-over-budget.md"),
    dockerfile: None,
    image: Some(check),
};

fn check(cx: &ImageContext<'_>, findings: &mut Findings) {
    let Some(most) = cx.policy.max_files.filter(|&most| cx.files.files > most) else {
        return;
    };
    let verb = if most == 1 { "is" } else { "are" };
    let message = format!(
        "the image has {}, {most} {verb} allowed",
        counted(cx.files.files, "file")
    );
    let report = findings
        .add(cx.at_image(), message)
        .because(cx.policy.budget("max-files"));
    if let Some(plan) = cx.plan {
        report.note(format!(
            "{} can be reached by the program",
            counted(plan.totals().after.files, "file")
        ));
    }
}
