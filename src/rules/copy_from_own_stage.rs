//! `copy-from-own-stage`: a stage copies from itself.

use super::support::steps::copies_from;
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "copy-from-own-stage",
    page: include_str!("../../rules/lint/copy-from-own-stage.md"),
    dockerfile: Some(check),
    image: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for (step, word, name) in copies_from(cx) {
        // The name may also mean an earlier stage of the same name, which is allowed.
        if cx.facts.is_own_stage(step, name) && cx.facts.source_stage(step, name).is_none() {
            let message = format!("`COPY --from` refers to its own stage `{name}`");
            findings.add(word.span, message);
        }
    }
}
