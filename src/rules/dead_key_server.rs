//! `dead-key-server`: a key is fetched from a key server that no longer works.

use crate::lint::facts::{Argument, Call, Run};
use crate::lint::{DockerfileContext, Findings, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "dead-key-server",
    page: include_str!("../../rules/lint/dead-key-server.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

/// Hosts with their subdomains, and their fate.
const DEAD: [(&str, &str); 5] = [
    ("sks-keyservers.net", "was shut down in 2021"),
    // It was an alias of the SKS pool.
    ("keys.gnupg.net", "was shut down with the SKS pool"),
    ("subkeys.pgp.net", "no longer exists"),
    ("wwwkeys.pgp.net", "no longer exists"),
    ("pgp.mit.edu", "often does not respond"),
];

/// Hosts of key servers that work, by which a script that tries several is known.
const ALIVE: [&str; 7] = [
    "keyserver.ubuntu.com",
    "keys.openpgp.org",
    "keys.mailvelope.com",
    "keyserver.pgp.com",
    "keyring.debian.org",
    "pgpkeys.eu",
    "pgp.surf.nl",
];

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for run in cx.facts.runs() {
        let servers = servers(run);
        // With several servers, the script tries one after the other.
        if servers.iter().any(|(text, _)| is_of(text, &ALIVE)) {
            continue;
        }
        for (text, span) in servers {
            let Some((host, fate)) = DEAD.iter().find(|(host, _)| is_of(&text, &[*host])) else {
                continue;
            };
            findings
                .add(span, format!("key server `{host}` {fate}"))
                .note("use `keyserver.ubuntu.com` or `keys.openpgp.org`, or a key file");
            // One finding for each RUN: the others are usually the same server.
            break;
        }
    }
}

/// The words of a RUN that may name a key server.
fn servers(run: &Run<'_>) -> Vec<(String, Span)> {
    let mut servers = Vec::new();
    for call in run.calls.iter().filter(|call| uses_keys(call)) {
        for argument in &call.arguments {
            for text in argument.texts() {
                servers.push((text.to_owned(), argument.span));
            }
        }
    }
    // `for server in a b; do gpg --keyserver "$server" …`.
    for word in run
        .script
        .iter()
        .flat_map(|script| &script.loops)
        .flat_map(|each| &each.words)
    {
        servers.push((word.raw.as_str().to_owned(), word.span));
    }
    servers
}

/// Whether a call may fetch keys.
fn uses_keys(call: &Call) -> bool {
    matches!(
        call.name.as_str(),
        "gpg" | "gpg2" | "apt-key" | "dirmngr" | "add-apt-repository" | "apt-add-repository"
    ) || call.arguments.iter().any(is_key_option)
}

/// Whether an argument is the option of a wrapper around gpg.
fn is_key_option(argument: &Argument) -> bool {
    argument.raw.contains("--keyserver")
}

/// Whether a word is one of these hosts or below it, in a URL or alone.
fn is_of(text: &str, hosts: &[&str]) -> bool {
    let text = text.trim_matches(['"', '\'']).to_ascii_lowercase();
    let text = text.strip_prefix("--keyserver=").unwrap_or(&text);
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let host = rest.split(['/', ':', '?']).next().unwrap_or(rest);
    hosts.iter().any(|known| {
        host.strip_suffix(*known)
            .is_some_and(|below| below.is_empty() || below.ends_with('.'))
    })
}
