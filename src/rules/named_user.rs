//! `named-user`: USER is a name, not a number.

use super::support::steps::{first_word, is_on_windows, of_kind};
use crate::dockerfile::Kind;
use crate::lint::facts::User;
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "named-user",
    page: include_str!("../../rules/lint/named-user.md"),
    dockerfile: Some(check),
    image: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for step in of_kind(cx, &[Kind::User]) {
        let Some(word) = first_word(step) else {
            continue;
        };
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
            findings.add(
                word.span,
                format!("user name `{name}` is rejected by Kubernetes `runAsNonRoot`"),
            );
        }
    }
}
