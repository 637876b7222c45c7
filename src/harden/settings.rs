//! The settings for containers of an image.

use std::collections::BTreeMap;
use std::fmt;

use super::place::Place;
use super::run_user::RunUser;
use super::subject::Subject;
use super::{candidates, capabilities, databases, mounts, ports, user_choice};
use crate::slim::Slimming;

/// A port that the image exposes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExposedPort {
    pub number: u16,
    /// `tcp`, `udp` or `sctp`.
    pub protocol: &'static str,
}

/// The settings for containers of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hardening {
    pub user: RunUser,
    /// Capabilities to add after all were dropped, with the reasons for each.
    pub capabilities: BTreeMap<&'static str, Vec<String>>,
    /// The reason why a program must be able to gain privileges; `None` sets `no-new-privileges`.
    pub gains_privileges: Option<String>,
    /// The places that must be writable, by path.
    pub places: Vec<Place>,
    pub ports: Vec<ExposedPort>,
    /// The port below 1024 that a user without privileges listens on.
    pub low_port: Option<String>,
    /// The value of `HOME` for a user without a home directory.
    pub home: Option<&'static str>,
    /// Writes that the settings do not allow, and other things to check.
    pub warnings: Vec<String>,
}

impl Hardening {
    /// Derives the settings from the plan for an image.
    pub fn of(slimming: &Slimming<'_>) -> Self {
        let image = slimming.image;
        let subject = Subject::of(slimming);
        let mut found = candidates::find(&subject);
        databases::add(&subject, &mut found);
        let user = user_choice::choose(&subject, &found);
        let places = mounts::settle(&subject, &mut found, &user);
        let mut exposed = Vec::new();
        let mut warnings = std::mem::take(&mut found.warnings);
        let mut has_others = false;
        for text in image.config.exposed_ports() {
            match ExposedPort::parse(text) {
                Some(port) if !exposed.contains(&port) => exposed.push(port),
                Some(_) => {}
                None => has_others = true,
            }
        }
        if has_others {
            let warning =
                "some exposed ports are left out: they are not numbers for TCP, UDP or SCTP";
            warnings.push(warning.to_owned());
        }
        let low_port = exposed.iter().find(|port| ports::is_low(port.number));
        let low_port = low_port.map(ExposedPort::to_string);
        let low_port = low_port.or_else(|| ports::low_port(&subject));
        let gained = capabilities::gained(&subject);
        let mut needed = gained.capabilities;
        if user.uid == 0 {
            capabilities::add_of_root(&subject, &places, low_port.as_deref(), &mut needed);
        }
        let home = if user.is_new && image.config.env_value("HOME").is_none() {
            Some("/tmp")
        } else {
            None
        };
        Self {
            low_port: if user.uid == 0 { None } else { low_port },
            user,
            capabilities: needed,
            gains_privileges: gained.reason,
            places,
            ports: exposed,
            home,
            warnings,
        }
    }
}

impl ExposedPort {
    /// Reads a key of the image configuration, such as `80/tcp` or `53`.
    fn parse(text: &str) -> Option<Self> {
        let (number, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
        let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
        let number = number.parse().ok()?;
        if !is_number || number == 0 {
            return None;
        }
        let protocols = ["tcp", "udp", "sctp"].into_iter();
        let mut known = protocols.filter(|known| protocol.eq_ignore_ascii_case(known));
        let protocol = known.next()?;
        Some(Self { number, protocol })
    }
}

impl fmt::Display for ExposedPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.protocol)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_a_number_with_a_known_protocol() {
        for (text, expected) in [
            ("80", Some("80/tcp")),
            ("80/tcp", Some("80/tcp")),
            ("053/UDP", Some("53/udp")),
            ("65535/sctp", Some("65535/sctp")),
            ("0/tcp", None),
            ("65536/tcp", None),
            ("+80/tcp", None),
            ("-1", None),
            ("80-90/tcp", None),
            ("", None),
            ("/tcp", None),
            ("80/", None),
            ("80/icmp", None),
            ("80/tcp/udp", None),
            ("80/tcp\n    privileged: true", None),
            ("80/tcp\\", None),
            ("80\n/tcp", None),
            ("８０/tcp", None),
        ] {
            let port = ExposedPort::parse(text).map(|port| port.to_string());
            assert_eq!(port.as_deref(), expected, "{text:?}");
        }
    }
}
