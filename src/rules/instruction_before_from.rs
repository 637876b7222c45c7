//! `instruction-before-from`: an instruction other than ARG comes before the first FROM.

use crate::dockerfile::Kind;
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "instruction-before-from",
    page: include_str!("../../rules/lint/instruction-before-from.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    let instructions = &cx.dockerfile.instructions;
    let Some(first) = instructions
        .iter()
        .position(|instruction| instruction.keyword.kind == Kind::From)
    else {
        // A file without a FROM is reported by another rule, or is included in another file.
        return;
    };
    for keyword in instructions[..first]
        .iter()
        .map(|instruction| &instruction.keyword)
    {
        if !matches!(keyword.kind, Kind::Arg | Kind::Unknown) {
            findings.add(
                keyword.span,
                format!(
                    "`{}` before the first `FROM`: only `ARG` is allowed there",
                    keyword.text
                ),
            );
        }
    }
}
