//! `named-user`: USER is a name, not a number.

use super::support::steps::{first_word, is_on_windows, of_kind};
use super::support::trailing_comments::trailing_comment;
use super::support::words::is_array;
use crate::dockerfile::Kind;
use crate::lint::facts::{Step, User};
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "named-user",
    page: include_str!("../../rules/lint/named-user.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for step in of_kind(cx, &[Kind::User]) {
        let Some(word) = first_word(step) else {
            continue;
        };
        // `["app"]` and `app # comment` have rules of their own.
        let is_malformed = is_array(word.text.as_str()) || trailing_comment(cx, step).is_some();
        if is_malformed || !is_in_force(cx, step) {
            continue;
        }
        let Some(user) = cx.facts.expand(step, word) else {
            continue;
        };
        let name = user.split(':').next().unwrap_or_default().trim();
        // Windows users, such as `ContainerUser`, have no numbers. `root` is reported by
        // `root-user`.
        if !name.is_empty()
            && !name.bytes().all(|b| b.is_ascii_digit())
            && !is_on_windows(cx, step)
            && !User::is_root(name)
            && !name.starts_with("Container")
        {
            let message = format!("user name `{name}` is rejected by Kubernetes `runAsNonRoot`");
            findings.add(word.span, message);
        }
    }
}

/// Whether a USER is that of the image: Kubernetes does not see those of builder stages, and those
/// that a later USER replaces.
fn is_in_force(cx: &DockerfileContext<'_>, step: &Step<'_>) -> bool {
    // A trigger, and a file that is included by another, may set that of any image.
    let Some(stage) = cx.facts.final_stage() else {
        return true;
    };
    step.onbuild
        || stage
            .user
            .as_ref()
            .is_some_and(|user| user.span == step.span)
}
