//! `vulnerable-openssl`: OpenSSL is built from a vulnerable release.

use crate::lint::facts::Call;
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "vulnerable-openssl",
    page: include_str!("../../rules/lint/vulnerable-openssl.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for run in cx.facts.runs() {
        // Only source code is checked: distributions add the fix to older versions.
        for download in run.calls.iter().flat_map(Call::downloads) {
            if let Some(version) = release(download.url)
                && is_vulnerable(version)
            {
                let message = format!("`openssl` {version} is affected by CVE-2022-3602");
                findings.add(download.span, message);
            }
        }
    }
}

/// The version in a URL: `3.0.5` of `…/openssl-3.0.5.tar.gz`.
fn release(url: &str) -> Option<&str> {
    let (_, rest) = url.rsplit_once("openssl-")?;
    let end = rest
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(rest.len());
    Some(rest[..end].trim_end_matches('.'))
}

/// Whether a release is affected by CVE-2022-3602, which is fixed in 3.0.7; 1.1.1 is not affected.
fn is_vulnerable(version: &str) -> bool {
    version
        .strip_prefix("3.0.")
        .and_then(|patch| patch.parse().ok())
        .is_some_and(|patch: u32| patch <= 6)
}
