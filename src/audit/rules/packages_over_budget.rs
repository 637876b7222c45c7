//! `packages-over-budget`: the image has more packages than the policy allows.

use crate::audit::{Context, Findings, Rule};
use crate::size::counted;

pub(super) const RULE: Rule = Rule {
    name: "packages-over-budget",
    page: Some(include_str!("../../../rules/lint/packages-over-budget.md")),
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings<'_, '_>) {
    let packages = &cx.packages.list;
    let Some(most) = cx.policy.max_packages.filter(|&most| packages.len() > most) else {
        return;
    };
    let verb = if most == 1 { "is" } else { "are" };
    let message = format!(
        "the image has {}, {most} {verb} allowed",
        counted(packages.len(), "package")
    );
    let report = findings
        .image(message)
        .because(cx.policy.budget("max-packages"));
    if let Some(plan) = cx.plan {
        let reached = packages
            .iter()
            .filter(|package| package.files.iter().any(|&name| plan.is_kept(name)));
        report.note(format!(
            "something of {} can be reached by the program",
            counted(reached.count(), "package")
        ));
    }
}
