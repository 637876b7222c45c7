//! `duplicate-variable`: one ENV or ARG sets a variable twice.

use std::collections::HashMap;

use super::support::steps::of_kind;
use crate::dockerfile::Kind;
use crate::lint::{DockerfileContext, Findings, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "duplicate-variable",
    page: include_str!("../../rules/lint/duplicate-variable.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for step in of_kind(cx, &[Kind::Env, Kind::Arg]) {
        let pairs = step.instruction.body.pairs();
        let mut set: HashMap<&str, Span> = HashMap::new();
        for pair in pairs {
            let name = pair.key.text.as_str();
            // Values see only the variables from before the instruction, so nothing uses the first.
            if let Some(before) = set.insert(name, pair.span) {
                findings
                    .add(
                        before,
                        format!(
                            "this value of `{name}` has no effect: the same instruction sets it \
                             again"
                        ),
                    )
                    .label(pair.span, "set again here");
            }
        }
    }
}
