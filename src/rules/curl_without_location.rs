//! `curl-without-location`: curl does not follow redirects.

use super::support::unattended::after;
use crate::lint::facts::{Call, Download};
use crate::lint::{Applicability, DockerfileContext, Findings, Fix, Rule};

pub(super) const RULE: Rule = Rule {
    name: "curl-without-location",
    page: include_str!("../../rules/lint/curl-without-location.md"),
    dockerfile: Some(check),
    image: None,
};

/// Long options with which curl follows redirects, or sends, asks or shows instead of fetching a
/// file.
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
/// The same as letters.
const OTHER_LETTERS: &str = "LIiDdFXTwKVh";
/// Letters that take the rest of their word, or the next, for a value.
const VALUED: &str = "oCcbeEHAmPQrtuUxyYz";

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for call in cx
        .facts
        .runs()
        .iter()
        .flat_map(|run| &run.calls)
        .filter(|call| call.name == "curl")
    {
        if call
            .downloads()
            .iter()
            .any(|download| may_redirect(download))
            && !has_other(call)
        {
            let report = findings.add(
                call.name_span,
                "`curl` does not follow redirects and saves the redirect page instead",
            );
            if let Some(edit) = after(cx, call.name_span, "curl", "-L") {
                report.fix(Fix::new(
                    "follow redirects",
                    Applicability::Unsafe,
                    vec![edit],
                ));
            }
        }
    }
}

/// Whoever asks a number or this machine knows who answers.
fn may_redirect(download: &Download<'_>) -> bool {
    let rest = download.url.split_once("://").map_or("", |(_, rest)| rest);
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

/// Whether one of its words is such an option, or may be one.
fn has_other(call: &Call) -> bool {
    let hidden = call
        .arguments
        .iter()
        .any(|argument| argument.values.is_none() && !argument.raw.contains("://"));
    hidden || call.words().any(is_other)
}

fn is_other(word: &str) -> bool {
    if let Some(long) = word.strip_prefix("--") {
        let name = long.split('=').next().unwrap_or(long);
        return OTHER.iter().any(|known| &known[2..] == name);
    }
    let Some(letters) = word.strip_prefix('-') else {
        return false;
    };
    let letters = letters
        .split_inclusive(|letter| VALUED.contains(letter))
        .next()
        .unwrap_or_default();
    letters.contains(|letter| OTHER_LETTERS.contains(letter))
}
