//! `shell-in-image`: what runs in production can still be talked to in a shell.

use super::package_manager_in_image::report;
use crate::lint::{Context, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "shell-in-image",
    page: include_str!("../../rules/lint/shell-in-image.md"),
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let Some(stage) = cx.facts.final_stage() else {
        return;
    };
    let Some(holdings) = cx.facts.holdings(stage.index) else {
        return;
    };
    report(stage.from.span, &holdings.shells, findings);
}
