//! `plain-http-download`: a file is downloaded over plain HTTP.

use super::support::plain_http::plain_host;
use super::support::steps::of_kind;
use crate::dockerfile::Kind;
use crate::lint::facts::Call;
use crate::lint::{DockerfileContext, Edit, Findings, Fix, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "plain-http-download",
    page: include_str!("../../rules/lint/plain-http-download.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for run in cx.facts.runs() {
        // With a checksum or a signature, changes to the file are detected.
        if run.verifies() {
            continue;
        }
        for download in run.calls.iter().flat_map(Call::downloads) {
            report(cx, download.url, download.span, findings);
        }
    }
    for step in of_kind(cx, &[Kind::Add]) {
        if step.flag("checksum").is_some() {
            continue;
        }
        for word in step.instruction.body.source_words() {
            let url = word.text.as_str().trim_matches(['"', '\'']);
            report(cx, url, word.span, findings);
        }
    }
}

/// Reports a URL if it uses plain HTTP.
fn report(cx: &DockerfileContext<'_>, url: &str, span: Span, findings: &mut Findings) {
    let Some(host) = plain_host(url) else { return };
    let message = format!("download from `{host}` over plain HTTP can be tampered with");
    let report = findings.add(span, message);
    // The URL may come from a variable, in which case it is not at this place.
    if let Some(offset) = cx.source.slice(span).find("http://")
        && !lacks_https(host)
    {
        let end = span.start + offset + "http".len();
        let edit = Edit::insert(end, "s");
        report.fix(Fix::marked_unsafe("use `https`", [edit]));
    }
}

/// Servers without HTTPS: packages of Ubuntu are signed, and its mirrors do not encrypt them.
const WITHOUT_HTTPS: [&str; 5] = [
    "archive.ubuntu.com",
    "http.debian.net",
    "old-releases.ubuntu.com",
    "ports.ubuntu.com",
    "security.ubuntu.com",
];

fn lacks_https(host: &str) -> bool {
    // Countries have mirrors of their own: `de.archive.ubuntu.com`.
    WITHOUT_HTTPS.iter().any(|known| host.ends_with(known))
}
