//! `curl-without-location`: curl does not follow redirects.

use super::support::options::{curl_letters, is_long};
use super::support::unattended::insert_after;
use crate::lint::facts::{Call, Download};
use crate::lint::{DockerfileContext, Findings, Fix, Rule};

pub(super) const RULE: Rule = Rule {
    name: "curl-without-location",
    page: include_str!("../../rules/lint/curl-without-location.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

/// Long options that make curl follow redirects or do something other than fetch a file.
const OTHER: [&str; 20] = [
    "--location",
    "--location-trusted",
    "--max-redirs",
    "--follow",
    "--head",
    "--include",
    "--dump-header",
    "--data",
    "--data-raw",
    "--data-binary",
    "--data-urlencode",
    "--json",
    "--form",
    "--request",
    "--upload-file",
    "--write-out",
    "--config",
    "--unix-socket",
    "--version",
    "--help",
];

/// The short forms of these options.
const OTHER_LETTERS: &str = "LIiDdFXTwKVh";

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for (_, call) in cx.facts.calls() {
        if call.name != "curl" || has_other(call) {
            continue;
        }
        let downloads = call.downloads();
        if !downloads.iter().any(may_redirect) {
            continue;
        }
        let message = "`curl` without `-L` does not follow redirects";
        let report = findings.add(call.name_span, message);
        if let Some(edit) = insert_after(cx, call.name_span, "curl", "-L") {
            report.fix(Fix::marked_unsafe("follow redirects", [edit]));
        }
    }
}

/// Whether the server of a download may redirect. A numeric address and localhost are servers that
/// the author knows.
fn may_redirect(download: &Download<'_>) -> bool {
    let rest = download.url.split_once("://").map_or("", |(_, rest)| rest);
    // `user@host:port`, with brackets around an IPv6 address.
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let is_number = host.starts_with('[')
        || host
            .split(':')
            .next()
            .is_some_and(|host| host.parse::<std::net::Ipv4Addr>().is_ok());
    let is_local = host.starts_with("localhost") || host.starts_with("host.docker.internal");
    !is_number && !is_local && !host.is_empty()
}

/// Whether a call has one of the other options, or may have one.
fn has_other(call: &Call) -> bool {
    call.has_unknown_options() || call.words().any(is_other)
}

/// Whether a word is one of the other options, alone or in a bundle such as `-fsSL`.
fn is_other(word: &str) -> bool {
    is_long(word, &OTHER) || curl_letters(word).contains(|letter| OTHER_LETTERS.contains(letter))
}
