//! `secret-in-env`: a variable looks like a secret and is stored in the image.

use crate::dockerfile::{Kind, Pair};
use crate::lint::facts::{Step, secrets};
use crate::lint::{DeploymentContext, DockerfileContext, Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "secret-in-env",
    page: include_str!("../../rules/lint/secret-in-env.md"),
    dockerfile: Some(check_dockerfile),
    image: Some(check_image),
    deployment: Some(check_deployment),
};

fn check_dockerfile(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for step in &cx.facts.steps {
        // ENV is part of the image configuration; ARG is recorded with each RUN that it affects.
        let place = match step.kind() {
            Kind::Env => "environment",
            Kind::Arg => "history",
            _ => continue,
        };
        for pair in step.instruction.body.pairs() {
            let name = pair.key.text.as_str();
            if secrets::is_secret_name(name)
                && !is_harmless(cx, step, pair)
                && !is_empty(step, pair)
            {
                let message =
                    format!("`{name}` looks like a secret and is stored in the image {place}");
                findings
                    .add(pair.key.span, message)
                    .note("use `RUN --mount=type=secret` to pass a secret to a single command");
            }
        }
    }
}

/// Whether a pair contains no secret: `ENV PASSWORD=` is empty, but `ARG PASSWORD=` gets its value
/// from `--build-arg`.
fn is_empty(step: &Step<'_>, pair: &Pair) -> bool {
    let is_blank = match &pair.value {
        Some(value) => matches!(value.text.as_str(), "" | "\"\"" | "''"),
        None => true,
    };
    step.kind() == Kind::Env && is_blank
}

/// Whether the value is a path to the secret, a switch such as `true`, a public key, or a
/// placeholder.
fn is_harmless(cx: &DockerfileContext<'_>, step: &Step<'_>, pair: &Pair) -> bool {
    let value = pair
        .value
        .as_ref()
        .and_then(|word| cx.facts.expand(step, word));
    let Some(value) = value else { return false };
    let is_switch = matches!(
        value.to_ascii_lowercase().as_str(),
        "true" | "false" | "yes" | "no" | "on" | "off"
    );
    let starts_like_path = ["/", "./", "../", "~/"]
        .iter()
        .any(|start| value.starts_with(start));
    // A password may start with a `/` too, but a `/` alone or with spaces is not a path.
    let is_path = starts_like_path && value.len() > 1 && !value.contains(char::is_whitespace);
    let name = pair.key.text.as_str();
    is_switch
        || is_path
        || is_file(&value)
        || secrets::is_public_key(name, &value)
        || secrets::is_placeholder(value.trim_matches(['"', '\'']))
}

/// Whether a value is a relative path: directories and a file with an extension, such as
/// `assets/tls/server.key`.
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
            let message =
                format!("`{name}` looks like a secret and is stored in the image environment");
            findings.add(cx.at_instruction("ENV"), message);
        }
    }
    // Steps that change no files, such as ENV, do not have a layer.
    for (layer, step) in cx.history() {
        for name in build_arguments(step).filter_map(secret) {
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
    let value = value.trim_matches(['"', '\'']);
    let is_path = value.starts_with('/') || value.starts_with("./");
    let is_switch = matches!(
        value.to_ascii_lowercase().as_str(),
        "true" | "false" | "yes" | "no" | "on" | "off" | "none" | "null"
    );
    let is_public = is_path
        || is_switch
        || secrets::is_public_key(name, value)
        || secrets::is_placeholder(value);
    if secrets::is_secret_name(name) && !value.is_empty() && !is_public {
        Some(name)
    } else {
        None
    }
}

fn check_deployment(cx: &DeploymentContext<'_>, findings: &mut Findings) {
    for (_, workload) in cx.workloads() {
        for variable in &workload.environment {
            // A value from a variable or a Kubernetes secret is not in the file.
            let Some(value) = &variable.value else {
                continue;
            };
            let name = variable.name.value.as_str();
            let entry = format!("{name}={}", value.value);
            if variable.is_literal && secret(&entry).is_some() && !is_file(value) {
                let message = format!("`{name}` looks like a secret and is stored in the file");
                findings.add(variable.name.place, message);
            }
        }
    }
}

/// The build arguments of a step, which builders record as `|2 A=1 B=2 /bin/sh -c make`.
fn build_arguments(step: &str) -> impl Iterator<Item = &str> {
    // BuildKit puts `RUN` before it. A `|` anywhere else belongs to a pipeline.
    let recorded = match step.split_once('|') {
        Some((before, rest)) if matches!(before.trim(), "" | "RUN") => rest,
        _ => "",
    };
    let mut words = recorded.split_whitespace();
    // A value with spaces is cut off, but its name is still found.
    let count = words
        .next()
        .and_then(|count| count.parse().ok())
        .unwrap_or(0);
    words.take(count)
}
