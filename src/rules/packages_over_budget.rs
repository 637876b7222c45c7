//! `packages-over-budget`: the image has more packages than the policy allows.

use crate::lint::{Findings, ImageContext, Rule};
use crate::size::counted;

pub(super) const RULE: Rule = Rule {
    name: "packages-over-budget",
    page: include_str!("../../rules/lint/packages-over-budget.md"),
    dockerfile: None,
    image: Some(check),
    deployment: None,
};

fn check(cx: &ImageContext<'_>, findings: &mut Findings) {
    let packages = &cx.packages.list;
    // Without a policy, any number is allowed.
    let Some(most) = cx.policy.max_packages else {
        return;
    };
    if packages.len() <= most {
        return;
    }
    let count = counted(packages.len(), "package");
    let message = format!("image has {count}; the policy allows {most}");
    let report = findings
        .add(cx.at_image(), message)
        .because(cx.policy.budget("max-packages"));
    // A realistic target: a package with a reachable file is needed.
    if let Some(plan) = cx.plan {
        let reachable = packages
            .iter()
            .filter(|package| package.files.iter().any(|&name| plan.is_kept(name)));
        let reachable = counted(reachable.count(), "package");
        report.note(format!("files in {reachable} are reachable"));
    }
}
