//! `files-over-budget`: the image has more files than the policy allows.

use crate::audit::{Context, Findings, Rule};
use crate::size::counted;

pub(super) const RULE: Rule = Rule {
    name: "files-over-budget",
    page: Some(include_str!("../../../rules/lint/files-over-budget.md")),
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings<'_, '_>) {
    let Some(most) = cx.policy.max_files.filter(|&most| cx.files.files > most) else {
        return;
    };
    let verb = if most == 1 { "is" } else { "are" };
    let message = format!(
        "the image has {}, {most} {verb} allowed",
        counted(cx.files.files, "file")
    );
    let report = findings
        .image(message)
        .because(cx.policy.budget("max-files"));
    if let Some(plan) = cx.plan {
        report.note(format!(
            "{} can be reached by the program",
            counted(plan.totals().after.files, "file")
        ));
    }
}
