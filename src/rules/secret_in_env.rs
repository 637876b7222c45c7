//! `secret-in-env`: ENV or ARG keeps what looks like a secret.

use crate::dockerfile::{Body, Kind, Pair, Word};
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
            if !speaks_of_a_secret(name) || names_a_place(cx, step, pair) || is_empty(step, pair) {
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

/// `ENV PASSWORD=` holds none, and asks nobody for one; `ARG PASSWORD=` does.
fn is_empty(step: &Step<'_>, pair: &Pair) -> bool {
    let is_nothing = |value: &Word| matches!(value.text.as_str(), "" | "\"\"" | "''");
    step.kind() == Kind::Env && pair.value.as_ref().is_none_or(is_nothing)
}

/// A value that is a path says where the secret is, not what it is.
fn names_a_place(cx: &Context<'_>, step: &Step<'_>, pair: &Pair) -> bool {
    let value = pair.value.as_ref().and_then(|word| cx.facts.expand(step, word));
    value.is_some_and(|value| {
        let is_flag = matches!(value.to_ascii_lowercase().as_str(), "true" | "false" | "yes" | "no" | "on" | "off");
        let is_path = ["/", "./", "../", "~/"].iter().any(|start| value.starts_with(start));
        is_flag || is_file(&value) || (is_path && value.len() > 1 && !value.contains(char::is_whitespace))
    })
}

/// `assets/tls/server.key`: folders, and a file with an extension.
fn is_file(value: &str) -> bool {
    let plain = value.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_./".contains(&b));
    let extension = value.rsplit_once('/').and_then(|(_, name)| name.rsplit_once('.')).map(|(_, extension)| extension);
    plain && extension.is_some_and(|extension| (1..=5).contains(&extension.len()))
}
