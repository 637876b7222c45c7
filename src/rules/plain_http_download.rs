//! `plain-http-download`: a file is downloaded over plain HTTP.

use crate::dockerfile::{Body, CopySource, Kind};
use crate::lint::{Applicability, DockerfileContext, Edit, Findings, Fix, Rule};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "plain-http-download",
    page: include_str!("../../rules/lint/plain-http-download.md"),
    dockerfile: Some(check),
    image: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for run in cx.facts.runs().iter().filter(|run| !run.verifies()) {
        for download in run
            .calls
            .iter()
            .flat_map(crate::lint::facts::Call::downloads)
        {
            report(cx, download.url, download.span, findings);
        }
    }
    for step in cx
        .facts
        .steps
        .iter()
        .filter(|step| step.kind() == Kind::Add && step.flag("checksum").is_none())
    {
        let Body::Transfer { sources, .. } = &step.instruction.body else {
            continue;
        };
        for source in sources {
            let CopySource::Path(word) = source else {
                continue;
            };
            report(
                cx,
                word.text.as_str().trim_matches(['"', '\'']),
                word.span,
                findings,
            );
        }
    }
}

fn report(cx: &DockerfileContext<'_>, url: &str, span: Span, findings: &mut Findings) {
    let Some(host) = plain_host(url) else { return };
    let report = findings.add(
        span,
        format!("download from `{host}` over plain HTTP can be tampered with"),
    );
    if let Some(at) = cx.source.slice(span).find("http://") {
        let end = span.start + at + "http".len();
        let edit = Edit {
            span: Span::at(end),
            replacement: "s".to_owned(),
        };
        report.fix(Fix::new("use `https`", Applicability::Unsafe, vec![edit]));
    }
}

/// The host of a plain HTTP address out in the world: not this machine, nor one that only the own
/// network can name.
fn plain_host(url: &str) -> Option<&str> {
    let scheme = url
        .get(..7)
        .filter(|scheme| scheme.eq_ignore_ascii_case("http://"))?;
    let authority = url[scheme.len()..].split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    let host = if host.starts_with('[') {
        host
    } else {
        host.split(':').next()?
    };
    let octets: Option<Vec<u8>> = host.split('.').map(|part| part.parse().ok()).collect();
    let private = match octets.as_deref() {
        Some([0 | 10 | 127, ..] | [192, 168, ..] | [169, 254, ..] | [172, 16..=31, ..]) => true,
        _ => [
            ".local",
            ".internal",
            ".localhost",
            ".localdomain",
            ".lan",
            ".test",
        ]
        .iter()
        .any(|end| host.ends_with(end)),
    };
    let known = !private && host.contains('.') && !host.starts_with('[') && !host.contains('$');
    known.then_some(host)
}
