//! `exposed-admin-port`: a port for remote administration is exposed.

use crate::lint::{DockerfileContext, Findings, ImageContext, Rule};

pub(super) const RULE: Rule = Rule {
    name: "exposed-admin-port",
    page: include_str!("../../rules/lint/exposed-admin-port.md"),
    dockerfile: Some(check_dockerfile),
    image: Some(check_image),
    deployment: None,
};

/// Ports by which a machine is administrated, as IANA assigned them. SSH has a rule of its own, and
/// 514 is far more often the port of syslog than that of rsh.
const PORTS: [(u32, &str); 12] = [
    (23, "Telnet"),
    (512, "rexec"),
    (513, "rlogin"),
    (2375, "Docker API without TLS"),
    (2376, "Docker API"),
    (3389, "RDP"),
    (5800, "VNC"),
    (5900, "VNC"),
    (5901, "VNC"),
    (5985, "WinRM"),
    (5986, "WinRM"),
    (10250, "kubelet"),
];

fn check_dockerfile(cx: &DockerfileContext<'_>, findings: &mut Findings) {
    for port in cx.facts.all_ports() {
        for (number, service) in PORTS {
            if port.includes(number) {
                findings.add(port.span, message(number, service));
            }
        }
    }
}

/// The message, which is the same for a Dockerfile and an image.
fn message(number: u32, service: &str) -> String {
    format!("port {number} ({service}) is exposed")
}

fn check_image(cx: &ImageContext<'_>, findings: &mut Findings) {
    // In the image configuration, a port is `23/tcp`.
    for port in cx.configuration().exposed_ports() {
        let (number, protocol) = port.split_once('/').unwrap_or((port, "tcp"));
        for (known, service) in PORTS {
            if number.parse() == Ok(known) && protocol != "udp" {
                findings.add(cx.at_instruction("EXPOSE"), message(known, service));
            }
        }
    }
}
