//! `unexposed-port`: a deployment uses a port that the image does not expose.

use crate::lint::{DeploymentContext, Findings, ImagedWorkload, Rule};

pub(super) const RULE: Rule = Rule {
    name: "unexposed-port",
    page: include_str!("../../rules/lint/unexposed-port.md"),
    dockerfile: None,
    image: None,
    deployment: Some(check),
};

/// Number of exposed ports in a message.
const MAX_SHOWN: usize = 10;

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
    if workload.ports.is_empty() {
        return;
    }
    let Some(numbers) = numbers(exposed) else {
        return;
    };
    for port in &workload.ports {
        let number = match port.container.as_deref().map(str::parse::<u16>) {
            Some(Ok(number)) if !numbers[usize::from(number)] => number,
            _ => continue,
        };
        let mut shown = exposed[..exposed.len().min(MAX_SHOWN)].join(", ");
        if exposed.len() > MAX_SHOWN {
            shown += ", …";
        }
        let message = format!(
            "`{}` uses port {number}, but the image `{}` exposes {shown}",
            *workload.name, container.image.reference,
        );
        findings.add(port.place, message);
    }
}

/// For each port whether it is exposed by texts such as `80/tcp` and `8000-8010/tcp`; `None` if one
/// of them cannot be read.
fn numbers(exposed: &[&str]) -> Option<Vec<bool>> {
    const PORTS: usize = 1 << 16;
    // The number of ranges that begin at a port, less those that ended before it.
    let mut changes = vec![0_isize; PORTS + 1];
    for text in exposed {
        let ports = text.split('/').next().unwrap_or(text);
        let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
        let (first, last): (u16, u16) = (first.parse().ok()?, last.parse().ok()?);
        if first <= last {
            changes[usize::from(first)] += 1;
            changes[usize::from(last) + 1] -= 1;
        }
    }
    let mut open = 0;
    let open = changes[..PORTS].iter().map(|change| {
        open += change;
        open > 0
    });
    Some(open.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_ports_overlap() {
        let exposed = ["80/tcp", "8000-8010/tcp", "8005-8020", "65535/udp", "9-5"];
        let numbers = numbers(&exposed).unwrap();
        for (port, is_exposed) in [
            (79, false),
            (80, true),
            (81, false),
            (7999, false),
            (8000, true),
            (8010, true),
            (8020, true),
            (8021, false),
            (65_534, false),
            (65_535, true),
            (7, false),
        ] {
            assert_eq!(numbers[port], is_exposed, "{port}");
        }
        assert_eq!(super::numbers(&["80", "http"]), None);
    }
}
