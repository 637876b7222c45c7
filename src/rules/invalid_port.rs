//! `invalid-port`: EXPOSE contains an invalid port.

use crate::lint::facts::Port;
use crate::lint::{DockerfileContext, Findings, Rule};

pub(super) const RULE: Rule = Rule {
    name: "invalid-port",
    page: include_str!("../../rules/lint/invalid-port.md"),
    dockerfile: Some(check),
    image: None,
};

/// The protocols that Docker supports; the default is TCP.
const PROTOCOLS: [&str; 4] = ["", "tcp", "udp", "sctp"];

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for port in cx.facts.steps.iter().flat_map(|step| cx.facts.ports(step)) {
        if let Some(message) = message(&port) {
            findings.add(port.span, message);
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
    if !port.literal {
        return None;
    }
    let Some((first, last)) = port.first.zip(port.last) else {
        return Some(format!("`{text}` is not a valid port"));
    };
    // Docker rejects such a range.
    if first > last {
        return Some(format!("port range `{text}` ends before it starts"));
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
