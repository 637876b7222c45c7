//! `unverified-download`: a file is downloaded without a checksum.

use crate::lint::facts::{Call, Download};
use crate::lint::{DockerfileContext, Findings, Rule};
use crate::paths::file_name;

pub(super) const RULE: Rule = Rule {
    name: "unverified-download",
    page: include_str!("../../rules/lint/unverified-download.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for run in cx.facts.runs() {
        // One verification counts for all downloads of the RUN, because it is unknown which file it
        // is for.
        if run.verifies() {
            continue;
        }
        for call in run.calls.iter().filter(|call| fetches_files(call)) {
            for download in call.downloads() {
                report(&download, findings);
            }
        }
    }
}

/// Reports a download, identified by the last component of its path.
fn report(download: &Download<'_>, findings: &mut Findings) {
    let path = download.url.split(['?', '#']).next().unwrap_or_default();
    let path = path.trim_end_matches('/');
    let name = match file_name(path) {
        "" => path,
        name => name,
    };
    let message = format!("`{name}` is downloaded without a checksum");
    findings.add(download.span, message);
}

/// Whether a call keeps its download; a call that only sends a request does not.
fn fetches_files(call: &Call) -> bool {
    match call.name.as_str() {
        "curl" | "wget" => !call.words().any(|word| {
            matches!(
                word,
                "-I" | "--head" | "--spider" | "-X" | "--request" | "-d" | "--data" | "-T"
            )
        }),
        // These have no other purpose.
        "aria2c" | "axel" | "fetch" => true,
        _ => false,
    }
}
