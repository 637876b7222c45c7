//! `named-user`: USER is a name, not a number.

use crate::dockerfile::{Body, Kind};
use crate::lint::facts::{Known, User};
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "named-user",
    page: include_str!("../../rules/lint/named-user.md"),
    dockerfile: Some(check),
    image: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for step in cx
        .facts
        .steps
        .iter()
        .filter(|step| step.kind() == Kind::User)
    {
        let Body::Words { words, .. } = &step.instruction.body else {
            continue;
        };
        let Some(word) = words.first() else { continue };
        let Some(user) = cx.facts.expand(step, word) else {
            continue;
        };
        let name = user.split(':').next().unwrap_or_default().trim();
        // Windows users have no numbers.
        let windows = step
            .stage
            .and_then(|stage| cx.facts.stages[stage].known)
            .is_some_and(Known::is_windows);
        // Kubernetes knows that `root` is 0, and `root-user` reports it.
        if !name.is_empty()
            && !name.bytes().all(|b| b.is_ascii_digit())
            && !windows
            && !User::is_root(name)
            && !name.starts_with("Container")
        {
            findings.add(
                word.span,
                format!("`USER` is a name: Kubernetes cannot verify that `{name}` is not root"),
            );
        }
    }
}
