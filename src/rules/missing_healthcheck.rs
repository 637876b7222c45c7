//! `missing-healthcheck`: nothing says how to tell that the program works.

use crate::dockerfile::Kind;
use crate::lint::{Context, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "missing-healthcheck",
    page: include_str!("../../rules/lint/missing-healthcheck.md"),
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let Some(stage) = cx.facts.final_stage() else {
        return;
    };
    let has_check = cx
        .facts
        .lineage(stage.index)
        .any(|step| step.kind() == Kind::Healthcheck && !step.onbuild);
    if !has_check {
        findings.add(
            stage.from.span,
            "no `HEALTHCHECK` says how to tell that the program works",
        );
    }
}
