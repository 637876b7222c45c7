//! `port-protocol-casing`: the protocol of a port is not lowercase.

use crate::lint::{DockerfileContext, Edit, Findings, Fix, Rule};

pub(super) const RULE: Rule = Rule {
    name: "port-protocol-casing",
    page: include_str!("../../rules/lint/port-protocol-casing.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for port in cx.facts.all_ports() {
        let Some(protocol) = &port.protocol else {
            continue;
        };
        if !protocol.bytes().any(|b| b.is_ascii_uppercase()) {
            continue;
        }
        let report = findings.add(port.span, format!("protocol `{protocol}` is not lowercase"));
        // The value of a variable cannot be changed here.
        if port.literal {
            let numbers = port
                .text
                .strip_suffix(protocol.as_str())
                .unwrap_or(&port.text);
            let replacement = format!("{numbers}{}", protocol.to_ascii_lowercase());
            let title = format!("use `{replacement}`");
            report.fix(Fix::safe(title, [Edit::replace(port.span, replacement)]));
        }
    }
}
