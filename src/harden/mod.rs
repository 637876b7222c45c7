//! Hardening: the run-time settings of a container that the keep graph of its image allows.
//!
//! Each setting comes with the reason for it. Most are facts about kept files: which of them are
//! setuid programs, who owns them, which directories programs write to. The rest is what programs
//! are known to need, from `rules/capabilities.toml` and the keep rules.

mod capabilities;
mod confinement;
mod file_capabilities;
mod paths;
mod places;
mod started;
mod user;
mod user_changes;

pub use confinement::{Access, FileRule, file_rules};
pub use places::{Mount, Place};

use std::collections::BTreeMap;

use crate::lint::image::Accounts;
use crate::slim::{Plan, Slimming};

use started::Started;

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

/// The user that a container runs as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunUser {
    pub uid: u64,
    pub gid: u64,
    pub reason: String,
    /// Whether the settings choose another user than the image.
    pub is_new: bool,
}

impl Hardening {
    /// Derives the settings from the plan for an image.
    pub fn of(slimming: &Slimming<'_>) -> Self {
        let (image, plan) = (slimming.image, &slimming.plan);
        // A missing file is treated as empty: there are no accounts.
        let [passwd, group] = ["/etc/passwd", "/etc/group"]
            .map(|path| slimming.text(path.as_bytes()).unwrap_or_default());
        let subject = Subject {
            slimming,
            plan,
            started: Started::of(&image.tree, plan),
            accounts: Accounts::parse(&passwd, &group, b""),
        };
        let mut found = places::find(&subject);
        let user = user::choose(&subject, &found);
        let places = places::settle(&subject, &mut found, &user);
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

/// Everything that the settings are derived from.
struct Subject<'s, 'a> {
    slimming: &'s Slimming<'a>,
    plan: &'s Plan,
    started: Started,
    accounts: Accounts,
}

/// Whether only root, or a program with a capability, may listen on a port such as `80/tcp`.
fn is_low(port: &str) -> bool {
    const FIRST_UNPRIVILEGED: u16 = 1024;
    let number = port.split(['/', '-']).next().unwrap_or_default();
    number
        .parse::<u16>()
        .is_ok_and(|number| number > 0 && number < FIRST_UNPRIVILEGED)
}
