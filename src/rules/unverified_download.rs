//! `unverified-download`: a file is downloaded without a checksum.

use crate::lint::facts::{Call, Download};
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "unverified-download",
    page: include_str!("../../rules/lint/unverified-download.md"),
    dockerfile: Some(check),
    image: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for run in cx.facts.runs().iter().filter(|run| !run.verifies()) {
        for download in run
            .calls
            .iter()
            .filter(|call| fetches_files(call))
            .flat_map(Call::downloads)
        {
            report(&download, findings);
        }
    }
}

fn report(download: &Download<'_>, findings: &mut Findings) {
    let path = download
        .url
        .split(['?', '#'])
        .next()
        .unwrap_or_default()
        .trim_end_matches('/');
    let name = path
        .rsplit('/')
        .next()
        .filter(|name| !name.is_empty())
        .unwrap_or(path);
    findings.add(
        download.span,
        format!("`{name}` is downloaded without a checksum"),
    );
}

/// Whether a call keeps what it fetches: not one that only asks, or sends something.
fn fetches_files(call: &Call) -> bool {
    let asks = |word: &str| {
        matches!(
            word,
            "-I" | "--head" | "--spider" | "-X" | "--request" | "-d" | "--data" | "-T"
        )
    };
    match call.name.as_str() {
        "curl" | "wget" => !call.words().any(asks),
        "aria2c" | "axel" | "fetch" => true,
        _ => false,
    }
}
