//! `exposed-ssh-port`: EXPOSE speaks of a login by SSH.

use crate::lint::{DockerfileContext, Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "exposed-ssh-port",
    page: include_str!("../../rules/lint/exposed-ssh-port.md"),
    dockerfile: Some(check_dockerfile),
    image: Some(check_image),
};

const SSH: u32 = 22;

fn check_dockerfile(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for port in cx.facts.steps.iter().flat_map(|step| cx.facts.ports(step)) {
        if port
            .first
            .zip(port.last)
            .is_some_and(|(first, last)| (first..=last).contains(&SSH))
        {
            findings.add(
                port.span,
                format!("port {SSH} is for logins, and a container needs none"),
            );
        }
    }
}

fn check_image(cx: &ImageContext<'_>, findings: &mut Findings) {
    if cx
        .configuration()
        .exposed_ports()
        .iter()
        .any(|port| port.split('/').next() == Some("22"))
    {
        findings.add(
            cx.at_instruction("EXPOSE"),
            "port 22 is for logins, and a container needs none",
        );
    }
}
