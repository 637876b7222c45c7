//! `password-in-build`: the build sets a password.

use super::support::switches::{self, Switch, switch};
use crate::lint::facts::Call;
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "password-in-build",
    page: include_str!("../../rules/lint/password-in-build.md"),
    dockerfile: Some(check),
    image: None,
};

const SWITCHES: [Switch; 8] = [
    switch(&["usermod", "useradd"], &["-p*"]),
    switch(&["usermod", "useradd"], &["--password*"]),
    switch(&["passwd"], &["--stdin"]),
    // An empty password.
    switch(&["passwd"], &["-d"]),
    switch(&["passwd"], &["--delete"]),
    switch(&["net"], &["user", "*", "*", "/add"]),
    switch(&["net", "net.exe"], &["user", "/add", "*", "*"]),
    switch(&["dscl"], &["-passwd"]),
];

/// A password that no text is the hash of, by which an account is locked.
const LOCKED: [&str; 4] = ["*", "!", "!!", "x"];

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for call in cx.facts.runs().iter().flat_map(|run| &run.calls) {
        let sets = match call.name.as_str() {
            "chpasswd" => Some(call.name_span),
            _ if locks(call) => None,
            _ => switches::find(call, &SWITCHES).map(|(span, _)| span),
        };
        if let Some(span) = sets {
            findings.add(
                span,
                "password is stored in the image history and is the same in every container",
            );
        }
    }
}

fn locks(call: &Call) -> bool {
    let value = |word: &str| {
        LOCKED.contains(
            &word
                .trim_start_matches("--password=")
                .trim_start_matches("-p"),
        )
    };
    call.words().any(value)
}
