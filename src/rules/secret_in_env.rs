//! `secret-in-env`: ENV or ARG keeps what looks like a secret.

use crate::dockerfile::{Body, Kind, Pair};
use crate::lint::facts::Step;
use crate::lint::{Context, Findings, Rule};

pub(super) const RULE: Rule =
    Rule { name: "secret-in-env", page: include_str!("../../rules/lint/secret-in-env.md"), check };

/// Words of a name that speak of a secret.
const SECRET: [&str; 14] = [
    "apikey",
    "auth",
    "credential",
    "credentials",
    "key",
    "password",
    "pword",
    "passwd",
    "passphrase",
    "secret",
    "secrets",
    "token",
    "psw",
    "pat",
];

/// Words that say that it is none: public, or only about one.
const HARMLESS: [&str; 26] = [
    "public",
    "pub",
    "file",
    "files",
    "version",
    "path",
    "dir",
    "directory",
    "name",
    "alias",
    "url",
    "uri",
    "sock",
    "socket",
    "type",
    "length",
    "size",
    "ttl",
    "timeout",
    "expiry",
    "fingerprint",
    "module",
    "method",
    "enabled",
    "gpg",
    "keyring",
];

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for step in cx.facts.steps.iter().filter(|step| matches!(step.kind(), Kind::Arg | Kind::Env)) {
        let Body::Pairs(pairs) = &step.instruction.body else { continue };
        for pair in pairs {
            let name = pair.key.text.as_str();
            if !speaks_of_a_secret(name) || names_a_place(cx, step, pair) {
                continue;
            }
            let keeps = if step.kind() == Kind::Env { "the image's environment" } else { "the image's history" };
            findings
                .add(pair.key.span, format!("`{name}` looks like a secret, and {keeps} keeps it"))
                .note("`RUN --mount=type=secret` gives a secret to one command and leaves no trace of it");
        }
    }
}

/// By the words of a name, as BuildKit takes them: parted by `_`, in any case.
fn speaks_of_a_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let mut words = name.split(['_', '-', '.']);
    let is = |list: &[&str], word: &str| list.contains(&word);
    words.clone().any(|word| is(&SECRET, word)) && !words.any(|word| is(&HARMLESS, word))
}

/// A value that is a path says where the secret is, not what it is.
fn names_a_place(cx: &Context<'_>, step: &Step<'_>, pair: &Pair) -> bool {
    let value = pair.value.as_ref().and_then(|word| cx.facts.expand(step, word));
    value.is_some_and(|value| {
        let is_flag = matches!(value.to_ascii_lowercase().as_str(), "true" | "false" | "yes" | "no" | "on" | "off");
        is_flag || (value.starts_with('/') && value.len() > 1 && !value.contains(char::is_whitespace))
    })
}
