//! `secret-in-env`: a variable looks like a secret and is stored in the image.

use crate::dockerfile::{Body, Kind, Pair, Word};
use crate::lint::facts::{Step, secrets};
use crate::lint::{DockerfileContext, Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "secret-in-env",
    page: include_str!("../../rules/lint/secret-in-env.md"),
    dockerfile: Some(check_dockerfile),
    image: Some(check_image),
};

fn check_dockerfile(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for step in &cx.facts.steps {
        let place = match step.kind() {
            Kind::Env => "environment",
            Kind::Arg => "history",
            _ => continue,
        };
        let Body::Pairs(pairs) = &step.instruction.body else {
            continue;
        };
        for pair in pairs {
            let name = pair.key.text.as_str();
            if secrets::is_secret_name(name)
                && !names_a_place(cx, step, pair)
                && !is_empty(step, pair)
            {
                findings
                    .add(
                        pair.key.span,
                        format!("`{name}` looks like a secret and is stored in the image {place}"),
                    )
                    .note("use `RUN --mount=type=secret` to pass a secret to a single command");
            }
        }
    }
}

/// `ENV PASSWORD=` contains no secret; `ARG PASSWORD=` requests one at build time.
fn is_empty(step: &Step<'_>, pair: &Pair) -> bool {
    let is_nothing = |value: &Word| matches!(value.text.as_str(), "" | "\"\"" | "''");
    step.kind() == Kind::Env && pair.value.as_ref().is_none_or(is_nothing)
}

/// Whether the value is a path, which says where the secret is, or a switch.
fn names_a_place(cx: &DockerfileContext<'_>, step: &Step<'_>, pair: &Pair) -> bool {
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

/// `assets/tls/server.key`: directories, and a file with an extension.
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

fn check_image(cx: &ImageContext<'_>, findings: &mut Findings) {
    for entry in cx.configuration().env() {
        if let Some(name) = secret(entry) {
            findings.add(
                cx.at_instruction("ENV"),
                format!("`{name}` looks like a secret and is stored in the image environment"),
            );
        }
    }
    for (layer, step) in cx.history() {
        for name in arguments(step).filter_map(secret) {
            let message = format!(
                "build argument `{name}` looks like a secret and is stored in the image history"
            );
            match layer {
                Some(layer) => findings.add(cx.at_layer(layer), message),
                None => findings.add(cx.at_instruction("RUN"), message),
            };
        }
    }
}

/// The name in `NAME=value`, if both look like a secret.
fn secret(entry: &str) -> Option<&str> {
    let (name, value) = entry.split_once('=')?;
    let is_path = value.starts_with('/') || value.starts_with("./");
    let is_switch = matches!(value, "true" | "false" | "yes" | "no" | "on" | "off");
    if secrets::is_secret_name(name) && !value.is_empty() && !is_path && !is_switch {
        Some(name)
    } else {
        None
    }
}

/// The build arguments of a step, which builders record as `|2 A=1 B=2 /bin/sh -c make`.
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
