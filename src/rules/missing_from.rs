//! `missing-from`: the file has no FROM.

use crate::dockerfile::Kind;
use crate::lint::{DockerfileContext, Findings, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "missing-from",
    page: include_str!("../../rules/lint/missing-from.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    let instructions = &cx.dockerfile.instructions;
    // A file without any instructions is a `syntax-error`.
    if !instructions.is_empty()
        && !instructions
            .iter()
            .any(|instruction| instruction.keyword.kind == Kind::From)
    {
        findings.add(Span::at(0), "file has no `FROM`");
    }
}
