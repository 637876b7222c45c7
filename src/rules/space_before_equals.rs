//! `space-before-equals`: a blank before `=` makes the `=` a part of the value.

use super::support::steps::of_kind;
use crate::dockerfile::Kind;
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "space-before-equals",
    page: include_str!("../../rules/lint/space-before-equals.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for step in of_kind(cx, &[Kind::Env, Kind::Label]) {
        for pair in step.instruction.body.pairs() {
            // Without `=` after the key, the rest of the line is the value.
            let Some(value) = &pair.value else { continue };
            if !pair.legacy || !value.text.as_str().starts_with('=') {
                continue;
            }
            let (keyword, key) = (step.kind().name(), pair.key.text.as_str());
            findings.add(
                pair.span,
                format!(
                    "`{keyword} {key} = …` sets `{key}` to `{}`",
                    value.text.as_str().trim_end()
                ),
            );
        }
    }
}
