//! `exposed-host-port`: EXPOSE contains an address or a port of the host.

use crate::lint::{DockerfileContext, Edit, Findings, Fix, Rule};

pub(super) const RULE: Rule = Rule {
    name: "exposed-host-port",
    page: include_str!("../../rules/lint/exposed-host-port.md"),
    dockerfile: Some(check),
    image: None,
    deployment: None,
};

fn check(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for port in cx.facts.all_ports() {
        let Some(host) = &port.host else { continue };
        let message = format!("`EXPOSE` cannot set the host part `{host}`; use `docker run -p`");
        let report = findings.add(port.span, message);
        // The value of a variable cannot be changed here.
        if port.literal
            && let Some((_, replacement)) = port.text.rsplit_once(':')
        {
            let replacement = replacement.to_owned();
            let title = format!("use `{replacement}`");
            report.fix(Fix::safe(title, [Edit::replace(port.span, replacement)]));
        }
    }
}
