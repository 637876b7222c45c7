//! `missing-user`: the configuration names no user, and that means root.

use crate::audit::{Context, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "missing-user",
    page: None,
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings<'_, '_>) {
    let starts =
        !cx.configuration().entrypoint().is_empty() || !cx.configuration().cmd().is_empty();
    if cx.configuration().user().is_empty() && starts {
        findings.config("USER", "no user is set, so the container runs as `root`");
    }
}
