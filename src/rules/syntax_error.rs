//! `syntax-error`: what BuildKit would refuse to read.

use crate::lint::{Context, Findings, Rule};

pub(super) const RULE: Rule =
    Rule { name: "syntax-error", page: include_str!("../../rules/lint/syntax-error.md"), check };

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for error in &cx.dockerfile.errors {
        findings.add(error.span, error.message.as_str());
    }
}
