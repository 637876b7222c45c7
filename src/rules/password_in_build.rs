//! `password-in-build`: the build sets a password.

use super::support::switches::{self, Switch, switch};
use crate::lint::facts::{Call, Run};
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "password-in-build",
    page: include_str!("../../rules/lint/password-in-build.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

/// Commands that remove a password.
const REMOVALS: [Switch; 2] = [
    switch(&["passwd"], &["-d"]),
    switch(&["passwd"], &["--delete"]),
];

/// Commands that set a password.
const SWITCHES: [Switch; 6] = [
    switch(&["usermod", "useradd"], &["-p*"]),
    switch(&["usermod", "useradd"], &["--password*"]),
    switch(&["passwd"], &["--stdin"]),
    switch(&["net"], &["user", "*", "*", "/add"]),
    switch(&["net", "net.exe"], &["user", "/add", "*", "*"]),
    switch(&["dscl"], &["-passwd"]),
];

/// Values that are not the hash of any password and therefore lock the account.
const LOCKED: [&str; 4] = ["*", "!", "!!", "x"];

/// Sources of random passwords that nobody knows. They are set to unlock an account for SSH keys.
const RANDOM: [&str; 4] = ["/dev/random", "/dev/urandom", "openssl rand", "pwgen"];

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for run in cx.facts.runs() {
        let text = cx.source.slice(cx.facts.steps[run.step].span);
        let is_random = RANDOM.iter().any(|source| text.contains(source));
        check_run(run, is_random, findings);
    }
}

fn check_run(run: &Run<'_>, is_random: bool, findings: &mut Findings) {
    for call in &run.calls {
        if let Some((span, word)) = switches::find(call, &REMOVALS) {
            let message =
                format!("`passwd {word}` removes the password: anyone can log in without one");
            findings.add(span, message);
            continue;
        }
        let place = match call.name.as_str() {
            "chpasswd" if is_random => None,
            // The command has no other purpose.
            "chpasswd" => Some(call.name_span),
            _ if locks(call) => None,
            _ => switches::find(call, &SWITCHES).map(|(span, _)| span),
        };
        if let Some(span) = place {
            findings.add(span, "password is the same in every container");
        }
    }
}

/// Whether a call locks an account instead of setting its password.
fn locks(call: &Call) -> bool {
    call.words().any(|word| {
        let value = word
            .trim_start_matches("--password=")
            .trim_start_matches("-p");
        LOCKED.contains(&value)
    })
}
