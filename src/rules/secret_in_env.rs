//! `secret-in-env`: ENV or ARG keeps what looks like a secret.

use crate::dockerfile::{Body, Kind, Pair, Word};
use crate::lint::facts::{Step, secrets};
use crate::lint::{Context, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "secret-in-env",
    page: include_str!("../../rules/lint/secret-in-env.md"),
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for step in cx
        .facts
        .steps
        .iter()
        .filter(|step| matches!(step.kind(), Kind::Arg | Kind::Env))
    {
        let Body::Pairs(pairs) = &step.instruction.body else {
            continue;
        };
        for pair in pairs {
            let name = pair.key.text.as_str();
            if !secrets::is_secret_name(name)
                || names_a_place(cx, step, pair)
                || is_empty(step, pair)
            {
                continue;
            }
            let keeps = if step.kind() == Kind::Env {
                "the image's environment"
            } else {
                "the image's history"
            };
            findings
                .add(pair.key.span, format!("`{name}` looks like a secret, and {keeps} keeps it"))
                .note("`RUN --mount=type=secret` gives a secret to one command and leaves no trace of it");
        }
    }
}

/// `ENV PASSWORD=` holds none, and asks nobody for one; `ARG PASSWORD=` does.
fn is_empty(step: &Step<'_>, pair: &Pair) -> bool {
    let is_nothing = |value: &Word| matches!(value.text.as_str(), "" | "\"\"" | "''");
    step.kind() == Kind::Env && pair.value.as_ref().is_none_or(is_nothing)
}

/// A value that is a path says where the secret is, not what it is.
fn names_a_place(cx: &Context<'_>, step: &Step<'_>, pair: &Pair) -> bool {
    let value = pair
        .value
        .as_ref()
        .and_then(|word| cx.facts.expand(step, word));
    value.is_some_and(|value| {
        let is_flag = matches!(
            value.to_ascii_lowercase().as_str(),
            "true" | "false" | "yes" | "no" | "on" | "off"
        );
        let is_path = ["/", "./", "../", "~/"]
            .iter()
            .any(|start| value.starts_with(start));
        is_flag
            || is_file(&value)
            || (is_path && value.len() > 1 && !value.contains(char::is_whitespace))
    })
}

/// `assets/tls/server.key`: folders, and a file with an extension.
fn is_file(value: &str) -> bool {
    let plain = value
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"-_./".contains(&b));
    let extension = value
        .rsplit_once('/')
        .and_then(|(_, name)| name.rsplit_once('.'))
        .map(|(_, extension)| extension);
    plain && extension.is_some_and(|extension| (1..=5).contains(&extension.len()))
}
