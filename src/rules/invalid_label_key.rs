//! `invalid-label-key`: the key of a label violates Docker's guidelines.

use crate::dockerfile::{Body, Kind};
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "invalid-label-key",
    page: include_str!("../../rules/lint/invalid-label-key.md"),
    dockerfile: Some(check),
    image: None,
};

/// Name spaces that Docker keeps for itself.
const RESERVED: [&str; 3] = ["com.docker.", "io.docker.", "org.dockerproject."];

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for step in cx
        .facts
        .steps
        .iter()
        .filter(|step| step.kind() == Kind::Label)
    {
        let Body::Pairs(pairs) = &step.instruction.body else {
            continue;
        };
        for pair in pairs {
            let written = pair.key.text.as_str().trim_matches(['"', '\'']);
            if let Some(fault) = fault(pair.key.literal().unwrap_or(written)) {
                findings.add(pair.key.span, format!("label `{written}` {fault}"));
            }
        }
    }
}

/// What is wrong with a key.
fn fault(key: &str) -> Option<&'static str> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-._/".contains(c);
    let reserved = RESERVED.iter().any(|reserved| key.starts_with(reserved));
    Some(match key {
        _ if reserved => "uses a namespace that is reserved for Docker",
        _ if key.contains('$') => "has a variable in its key",
        _ if !key.chars().all(allowed) => {
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
