//! `exposed-ssh-port`: the SSH port is exposed.

use crate::lint::{DockerfileContext, Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "exposed-ssh-port",
    page: include_str!("../../rules/lint/exposed-ssh-port.md"),
    dockerfile: Some(check_dockerfile),
    image: Some(check_image),
    deployment: None,
};

/// The port of SSH, as IANA assigned it.
const SSH: u32 = 22;

fn check_dockerfile(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for port in cx.facts.all_ports() {
        if port.includes(SSH) {
            findings.add(port.span, message());
        }
    }
}

/// The message, which is the same for a Dockerfile and an image.
fn message() -> String {
    format!("port {SSH} (SSH) is exposed")
}

fn check_image(cx: &ImageContext<'_>, findings: &mut Findings) {
    let ports = cx.configuration().exposed_ports();
    // In the image configuration, a port is `22/tcp`.
    let mut numbers = ports.iter().filter_map(|port| port.split('/').next());
    if numbers.any(|number| number.parse() == Ok(SSH)) {
        findings.add(cx.at_instruction("EXPOSE"), message());
    }
}
