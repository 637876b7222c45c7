//! Ports of a service, in their short and long forms.

use super::super::workload::Port;
use super::super::yaml::Node;

pub(super) fn of(service: &Node) -> Vec<Port> {
    let mut ports = Vec::new();
    for item in service.get("ports").map(Node::items).unwrap_or_default() {
        ports.extend(match item.scalar() {
            Some(_) => short(item),
            None => long(item),
        });
    }
    for port in service.get("expose").map(Node::items).unwrap_or_default() {
        let Some(text) = port.as_str() else {
            continue;
        };
        let (number, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
        ports.push(Port {
            place: port.place,
            container: Some(number.to_owned()),
            host: None,
            address: None,
            protocol: protocol.to_owned(),
        });
    }
    ports
}

/// `[[ADDRESS:]HOST:]CONTAINER[/PROTOCOL]`
fn short(item: &Node) -> Option<Port> {
    let text = &item.scalar()?.text;
    let (text, protocol) = match text.rsplit_once('/') {
        Some((text, protocol)) if matches!(protocol, "tcp" | "udp" | "sctp") => (text, protocol),
        _ => (text.as_str(), "tcp"),
    };
    let (before, container) = match split_last(text) {
        Some((before, container)) => (Some(before), container),
        None => (None, text),
    };
    let (address, host) = match before.map(split_last) {
        None => (None, ""),
        Some(None) => (None, before.unwrap_or_default()),
        Some(Some((address, host))) => (Some(address), host),
    };
    let address = address.map(|address| address.trim_matches(['[', ']']).to_owned());
    Some(Port {
        place: item.place,
        container: known(container),
        host: Some(host.to_owned()),
        address,
        protocol: protocol.to_owned(),
    })
}

/// Splits at the last colon outside of brackets and of variables.
fn split_last(text: &str) -> Option<(&str, &str)> {
    let mut depth = 0_usize;
    for (at, character) in text.char_indices().rev() {
        match character {
            ']' | '}' => depth += 1,
            '[' | '{' => depth = depth.saturating_sub(1),
            ':' if depth == 0 => return Some((&text[..at], &text[at + 1..])),
            _ => {}
        }
    }
    None
}

fn known(port: &str) -> Option<String> {
    if port.contains('$') {
        return None;
    }
    Some(port.to_owned())
}

fn long(item: &Node) -> Option<Port> {
    let text = |key: &str| Some(item.get(key)?.scalar()?.text.clone());
    let container = text("target")?;
    Some(Port {
        place: item.place,
        container: known(&container),
        // Without `published`, a free port of the host is taken.
        host: Some(text("published").unwrap_or_default()),
        address: text("host_ip"),
        protocol: text("protocol").unwrap_or_else(|| "tcp".to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deployment::place::Place;
    use crate::deployment::yaml::Origin;

    #[test]
    fn the_address_and_the_port_of_the_host_are_optional() {
        for (text, address, host, container) in [
            ("80", None, "", Some("80")),
            ("8080:80", None, "8080", Some("80")),
            (
                "127.0.0.1:8080:80/udp",
                Some("127.0.0.1"),
                "8080",
                Some("80"),
            ),
            ("127.0.0.1::80", Some("127.0.0.1"), "", Some("80")),
            ("[::1]:80:80", Some("::1"), "80", Some("80")),
            (
                "${IP:-127.0.0.1}:80:80",
                Some("${IP:-127.0.0.1}"),
                "80",
                Some("80"),
            ),
            ("80:${PORT:-80}", None, "80", None),
            ("9000-9005:9000-9005", None, "9000-9005", Some("9000-9005")),
        ] {
            let item = Node::text(Place::default(), text, Origin::Written);
            let port = short(&item).unwrap();
            assert_eq!(port.address.as_deref(), address, "{text}");
            assert_eq!(port.host.as_deref(), Some(host), "{text}");
            assert_eq!(port.container.as_deref(), container, "{text}");
        }
    }
}
