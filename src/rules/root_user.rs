//! `root-user`: the image's last USER is root.

use crate::lint::facts::User;
use crate::lint::{Context, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "root-user",
    page: include_str!("../../rules/lint/root-user.md"),
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    let Some(stage) = cx.facts.final_stage() else {
        return;
    };
    let Some(user) = &stage.user else { return };
    let Some(name) = user.name.as_deref().filter(|name| User::is_root(name)) else {
        return;
    };
    let report = findings.add(user.span, format!("the container runs as `{name}`"));
    if user.stage != stage.index {
        report.label(
            stage.from.span,
            "the image is built on that stage and sets no other user",
        );
    }
}
