//! `invalid-label-key`: the key of a label violates Docker's guidelines.

use super::support::steps::of_kind;
use crate::dockerfile::Kind;
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "invalid-label-key",
    page: include_str!("../../rules/lint/invalid-label-key.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

/// Namespaces that Docker reserves for itself.
const RESERVED: [&str; 3] = ["com.docker.", "io.docker.", "org.dockerproject."];

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for step in of_kind(cx, &[Kind::Label]) {
        for pair in step.instruction.body.pairs() {
            let written = pair.key.text.as_str().trim_matches(['"', '\'']);
            if let Some(violation) = violation(pair.key.literal().unwrap_or(written)) {
                findings.add(pair.key.span, format!("label `{written}` {violation}"));
            }
        }
    }
}

/// The first guideline that a key violates, as the end of a message.
fn violation(key: &str) -> Option<&'static str> {
    let is_reserved = RESERVED.iter().any(|reserved| key.starts_with(reserved));
    Some(match key {
        _ if is_reserved => "uses a namespace that is reserved for Docker",
        // This comes before the check of the characters, because `$` is not allowed either.
        _ if key.contains('$') => "has a variable in its key",
        // Docker's guidelines do not mention `_` and `/`, but Kubernetes uses `/` in its keys.
        _ if !key
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-._/".contains(c)) =>
        {
            "contains characters other than `a-z`, `0-9`, `.`, `-`, `_` and `/`"
        }
        _ if !key.starts_with(|c: char| c.is_ascii_lowercase()) => "does not start with a letter",
        _ if !key.ends_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit()) => {
            "does not end with a letter or a digit"
        }
        _ if key.contains("..") || key.contains("--") => "contains two separators in a row",
        _ => return None,
    })
}
