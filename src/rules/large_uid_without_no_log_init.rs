//! `large-uid-without-no-log-init`: `useradd` with a large UID writes a huge log file.

use crate::lint::facts::Call;
use crate::lint::{DockerfileContext, Edit, Findings, Fix, Rule};

pub(super) const RULE: Rule = Rule {
    name: "large-uid-without-no-log-init",
    page: include_str!("../../rules/lint/large-uid-without-no-log-init.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

/// The smallest UID that is reported: 100,000.
///
/// `/var/log/lastlog` and `/var/log/faillog` have a record for each UID. Archives store the holes
/// of such sparse files as zeros: tens of megabytes for a UID of this size.
const LARGE: u64 = 100_000;

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for (_, call) in cx.facts.calls() {
        if call.name != "useradd" || has_no_log_init(call) {
            continue;
        }
        let Some(uid) = uid(call) else { continue };
        if uid < LARGE {
            continue;
        }
        let edit = Edit::insert(call.name_span.end, " --no-log-init");
        let message = format!("`useradd` with UID {uid} writes a huge sparse log file");
        findings
            .add(call.span, message)
            .fix(Fix::safe("add `--no-log-init`", [edit]));
    }
}

/// Whether a call has `--no-log-init` or `-l`, alone or in a bundle of short options.
fn has_no_log_init(call: &Call) -> bool {
    call.words().any(|word| {
        let is_bundle = word.starts_with('-') && !word.starts_with("--");
        word == "--no-log-init" || is_bundle && word.contains('l')
    })
}

/// The UID that a call sets: `-u 123456`, `-mu 123456`, `-u123456`, `--uid 123456`,
/// `--uid=123456`.
fn uid(call: &Call) -> Option<u64> {
    let words: Vec<&str> = call.words().collect();
    words
        .iter()
        .enumerate()
        .find_map(|(index, word)| uid_of_option(word, words.get(index + 1).copied()))
}

/// The UID that a word sets, alone or together with the next one.
fn uid_of_option(word: &str, next: Option<&str>) -> Option<u64> {
    let value = match word.strip_prefix("--uid") {
        Some("") => next?,
        Some(value) => value.strip_prefix('=')?,
        None => {
            let letters = word.strip_prefix('-')?;
            if letters.starts_with('-') {
                return None;
            }
            // `u` ends a bundle, because the rest of the word is its value.
            match letters.split_once('u')?.1 {
                "" => next?,
                value => value,
            }
        }
    };
    value.parse().ok()
}
