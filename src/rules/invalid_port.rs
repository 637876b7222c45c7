//! `invalid-port`: EXPOSE contains an invalid port.

use std::net::IpAddr;

use super::support::steps::of_kind;
use super::support::trailing_comments::trailing_comment;
use super::support::words::is_array;
use crate::dockerfile::{COMMENTS_START_LINES, Kind};
use crate::lint::facts::Port;
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "invalid-port",
    page: include_str!("../../rules/lint/invalid-port.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

/// The protocols that Docker supports; the default is TCP.
const PROTOCOLS: [&str; 4] = ["", "tcp", "udp", "sctp"];

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for step in of_kind(cx, &[Kind::Expose]) {
        let arguments = &step.instruction.arguments;
        let text = arguments.as_str();
        if is_array(text) {
            let span = arguments.source_span(0, text.len());
            findings.add(span, "`EXPOSE` has no JSON form");
            continue;
        }
        let comment = trailing_comment(cx, step);
        if let Some(comment) = comment {
            findings
                .add(comment, "comment is parsed as ports")
                .note(COMMENTS_START_LINES);
        }
        for port in cx.facts.ports(step) {
            // All words of a comment are one mistake.
            if comment.is_some_and(|comment| comment.contains(port.span)) {
                continue;
            }
            if let Some(message) = message(&port) {
                findings.add(port.span, message);
            }
        }
    }
}

/// The reason why a port is invalid.
fn message(port: &Port) -> Option<String> {
    let text = &port.text;
    if port
        .first
        .max(port.last)
        .is_some_and(|number| number > u32::from(u16::MAX))
    {
        return Some(format!("port `{text}` is greater than 65535"));
    }
    // A variable that has no value here may get one at build time.
    if !port.known {
        return None;
    }
    let Some((first, last)) = port.first.zip(port.last) else {
        return Some(format!("`{text}` is not a valid port"));
    };
    // Docker rejects such a range.
    if first > last {
        return Some(format!("port range `{text}` ends before it starts"));
    }
    if let Some(host) = &port.host
        && !is_host(host, last - first)
    {
        return Some(format!("`{text}` has an invalid host address or port"));
    }
    let protocol = port.protocol.as_deref().unwrap_or_default();
    let known = PROTOCOLS
        .iter()
        .any(|known| known.eq_ignore_ascii_case(protocol));
    if known {
        return None;
    }
    Some(format!(
        "unknown protocol `{protocol}`: use `tcp`, `udp` or `sctp`"
    ))
}

/// Whether a text is what Docker accepts before the port of the container: an address, a port or a
/// range, or both. `more` is the number of ports after the first one of the container.
fn is_host(host: &str, more: u32) -> bool {
    let (address, ports) = host.rsplit_once(':').unwrap_or(("", host));
    let address = address
        .strip_prefix('[')
        .and_then(|address| address.strip_suffix(']'))
        .unwrap_or(address);
    if !address.is_empty() && address.parse::<IpAddr>().is_err() {
        return false;
    }
    // Docker publishes the port under any one of the host.
    if ports.is_empty() {
        return true;
    }
    let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
    match (first.parse::<u16>(), last.parse::<u16>()) {
        // Only a single port can take any one of a range.
        (Ok(first), Ok(last)) if first <= last => more == 0 || u32::from(last - first) == more,
        _ => false,
    }
}
