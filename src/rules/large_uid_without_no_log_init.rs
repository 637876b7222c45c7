//! `large-uid-without-no-log-init`: `useradd` with a large UID writes a huge log file.

use crate::lint::facts::Call;
use crate::lint::{Applicability, DockerfileContext, Edit, Findings, Fix, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "large-uid-without-no-log-init",
    page: include_str!("../../rules/lint/large-uid-without-no-log-init.md"),
    dockerfile: Some(check),
    image: None,
};

/// From here on the holes in the log take tens of megabytes in an archive.
const LARGE: u64 = 100_000;

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for call in cx
        .facts
        .runs()
        .iter()
        .flat_map(|run| &run.calls)
        .filter(|call| call.name == "useradd")
    {
        let (Some(uid), false) = (uid(call), has_no_log_init(call)) else {
            continue;
        };
        if uid >= LARGE {
            let edit = Edit {
                span: Span::at(call.name_span.end),
                replacement: " --no-log-init".to_owned(),
            };
            findings
                .add(
                    call.span,
                    format!("`useradd` with UID {uid} writes a huge sparse log file"),
                )
                .fix(Fix::new(
                    "add `--no-log-init`",
                    Applicability::Safe,
                    vec![edit],
                ));
        }
    }
}

fn has_no_log_init(call: &Call) -> bool {
    let short = |word: &str| word.starts_with('-') && !word.starts_with("--") && word.contains('l');
    call.words()
        .any(|word| word == "--no-log-init" || short(word))
}

/// `-u 123456`, `-mu 123456`, `-u123456`, `--uid 123456`, `--uid=123456`.
fn uid(call: &Call) -> Option<u64> {
    let words: Vec<&str> = call.words().collect();
    words.iter().enumerate().find_map(|(at, word)| {
        let letters = word
            .strip_prefix('-')
            .filter(|letters| !letters.starts_with('-'));
        let value = match word.strip_prefix("--uid") {
            Some("") => words.get(at + 1)?,
            Some(value) => value.strip_prefix('=')?,
            None => match letters?.split_once('u')?.1 {
                "" => words.get(at + 1)?,
                value => value,
            },
        };
        value.parse().ok()
    })
}
