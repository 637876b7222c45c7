//! `secret-in-env`: a variable of the configuration looks like a secret.

use crate::audit::{Context, Findings, Rule};
use crate::lint::facts::secrets;

pub(super) const RULE: Rule = Rule {
    name: "secret-in-env",
    page: None,
    check,
};

fn check(cx: &Context<'_>, findings: &mut Findings<'_, '_>) {
    for entry in cx.configuration().env() {
        if let Some(name) = secret(entry) {
            findings.config(
                "ENV",
                format!("`{name}` looks like a secret, and the image's environment keeps it"),
            );
        }
    }
    for (layer, step) in cx.history() {
        for name in arguments(&step).filter_map(secret) {
            let message =
                format!("`{name}` looks like a secret, and the history keeps the build argument");
            match layer {
                Some(layer) => findings.layer(layer, message),
                None => findings.config("RUN", message),
            };
        }
    }
}

/// The name of `NAME=value`, where both look like those of a secret.
fn secret(entry: &str) -> Option<&str> {
    let (name, value) = entry.split_once('=')?;
    let is_path = value.starts_with('/') || value.starts_with("./");
    let is_switch = matches!(value, "true" | "false" | "yes" | "no" | "on" | "off");
    (secrets::is_secret_name(name) && !value.is_empty() && !is_path && !is_switch).then_some(name)
}

/// The build arguments of a step: builders write `|2 A=1 B=2 /bin/sh -c make`.
fn arguments(step: &str) -> impl Iterator<Item = &str> {
    let behind = step
        .split_once('|')
        .map(|(before, rest)| (before.trim(), rest));
    let behind = behind
        .filter(|(before, _)| matches!(*before, "" | "RUN"))
        .map(|(_, rest)| rest);
    let mut words = behind.unwrap_or_default().split_whitespace();
    let count = words
        .next()
        .and_then(|count| count.parse().ok())
        .unwrap_or(0);
    words.take(count)
}
