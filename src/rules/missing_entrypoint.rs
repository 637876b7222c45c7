//! `missing-entrypoint`: the image has neither an entry point nor a command.

use crate::lint::{Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "missing-entrypoint",
    page: include_str!("../../rules/lint/missing-entrypoint.md"),
    dockerfile: None,
    image: Some(check),
    deployment: None,
};

fn check(cx: &ImageContext<'_>, findings: &mut Findings) {
    // `docker run IMAGE` without a command fails.
    if !cx.has_command() {
        let message = "image has neither `ENTRYPOINT` nor `CMD`";
        findings.add(cx.at_instruction("CMD"), message);
    }
}
