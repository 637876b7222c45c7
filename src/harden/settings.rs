//! The settings for containers of an image.

use std::collections::BTreeMap;

use super::place::Place;
use super::run_user::RunUser;
use super::subject::Subject;
use super::{candidates, capabilities, mounts, user_choice};
use crate::slim::Slimming;

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
    /// The exposed ports, such as `80/tcp`.
    pub ports: Vec<String>,
    /// The exposed port below 1024 that a user without privileges listens on.
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
        let user = user_choice::choose(&subject, &found);
        let places = mounts::settle(&subject, &mut found, &user);
        let ports: Vec<String> = image
            .config
            .exposed_ports()
            .into_iter()
            .map(str::to_owned)
            .collect();
        let low_port = ports.iter().find(|port| is_low(port)).cloned();
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
            ports,
            home,
            warnings: found.warnings,
        }
    }
}

/// Whether only root, or a program with a capability, may listen on a port such as `80/tcp`.
fn is_low(port: &str) -> bool {
    const FIRST_UNPRIVILEGED: u16 = 1024;
    let number = port.split(['/', '-']).next().unwrap_or_default();
    number
        .parse::<u16>()
        .is_ok_and(|number| number > 0 && number < FIRST_UNPRIVILEGED)
}
