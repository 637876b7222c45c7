//! `missing-healthcheck`: the configuration has no check of health.

use crate::audit::{Context, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "missing-healthcheck",
    page: None,
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings<'_, '_>) {
    let starts =
        !cx.configuration().entrypoint().is_empty() || !cx.configuration().cmd().is_empty();
    if starts && cx.configuration().healthcheck().is_none() {
        findings.config(
            "HEALTHCHECK",
            "no `HEALTHCHECK` says how to tell that the program works",
        );
    }
}
