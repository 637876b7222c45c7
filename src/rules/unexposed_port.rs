//! `unexposed-port`: a deployment uses a port that the image does not expose.

use crate::lint::{DeploymentContext, Findings, ImagedWorkload, Rule};

pub(super) const RULE: Rule = Rule {
    name: "unexposed-port",
    page: include_str!("../../rules/lint/unexposed-port.md"),
    dockerfile: None,
    image: None,
    deployment: Some(check),
};

fn check(cx: &DeploymentContext<'_>, findings: &mut Findings) {
    for container in cx.imaged_workloads() {
        let exposed = container.image.image.config.exposed_ports();
        // An image without EXPOSE does not say where it listens.
        if !exposed.is_empty() && !is_configured(container) {
            check_container(container, &exposed, findings);
        }
    }
}

/// Whether the container is told where to listen, by arguments or a variable.
fn is_configured(container: ImagedWorkload<'_>) -> bool {
    let workload = container.workload;
    let mut variables = workload.environment.iter();
    workload.entrypoint.is_some()
        || workload.command.is_some()
        || !workload.environment_sources.is_empty()
        || variables.any(|variable| variable.name.to_ascii_uppercase().contains("PORT"))
}

fn check_container(container: ImagedWorkload<'_>, exposed: &[&str], findings: &mut Findings) {
    let workload = container.workload;
    for port in &workload.ports {
        let number = match &port.container {
            Some(number) if number.parse::<u16>().is_ok() => number,
            _ => continue,
        };
        let is_exposed = exposed.iter().any(|exposed| includes(exposed, number));
        if !is_exposed {
            let message = format!(
                "`{}` uses port {number}, but the image `{}` exposes {}",
                *workload.name,
                container.image.reference,
                exposed.join(", ")
            );
            findings.add(port.place, message);
        }
    }
}

/// Whether `80/tcp` or `8000-8010/tcp` includes a port.
fn includes(exposed: &str, number: &str) -> bool {
    let ports = exposed.split('/').next().unwrap_or(exposed);
    match (ports.split_once('-'), number.parse::<u16>()) {
        (Some((first, last)), Ok(number)) => match (first.parse::<u16>(), last.parse::<u16>()) {
            (Ok(first), Ok(last)) => (first..=last).contains(&number),
            _ => true,
        },
        _ => ports == number,
    }
}
