//! `missing-entrypoint`: the image says nothing of what to start.

use crate::lint::{Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "missing-entrypoint",
    page: include_str!("../../rules/lint/missing-entrypoint.md"),
    dockerfile: None,
    image: Some(check),
};

fn check(cx: &ImageContext<'_>, findings: &mut Findings) {
    if cx.configuration().entrypoint().is_empty() && cx.configuration().cmd().is_empty() {
        findings.add(
            cx.at_instruction("CMD"),
            "neither `ENTRYPOINT` nor `CMD` says what to start",
        );
    }
}
