//! Hardening settings for the tools that start containers, one file per format.
//!
//! Every format states the same settings, each below a comment with the reason for it.

mod apparmor;
mod applied;
mod compose;
mod docker_run;
mod kubernetes;
mod podman_quadlet;
mod sheet;

pub use apparmor::apparmor;
pub use applied::{Applied, NotApplied, apply, other_values};
pub use compose::compose;
pub use docker_run::docker_run;
pub use kubernetes::kubernetes;
pub use podman_quadlet::podman_quadlet;

use std::collections::BTreeSet;

use crate::harden::{Hardening, Mount, Place};

/// Limits to start from. Nothing in an image tells how much its program uses.
mod placeholders {
    pub(super) const PIDS: u32 = 256;
    pub(super) const MEMORY_MB: u32 = 512;
    pub(super) const CPUS: &str = "1.0";
    pub(super) const RESTARTS: u32 = 5;
    pub(super) const TMPFS_MB: u32 = 64;
}

const LIMITS: &str = "Placeholders: replace them with what the program uses, and some reserve.";
const READ_ONLY: &str = "Only the mounts are writable.";
const DROP_ALL: &str = "All capabilities are dropped, except those that are added.";
const NO_NEW_PRIVILEGES: &str =
    "No kept program is setuid or has file capabilities, so none needs to gain privileges.";
const LOW_PORTS: &str = "Lets a user without privileges listen on port";
const HOME: &str = "The user has no home directory.";
const RESTARTS: &str = "A program that keeps failing is not restarted forever.";

/// The settings, with the names that they are printed under.
#[derive(Clone, Copy, Debug)]
pub struct Hardened<'a> {
    /// The image, as the tool that starts it names it.
    pub image: &'a str,
    /// The name of the service, container or workload.
    pub service: &'a str,
    pub settings: &'a Hardening,
}

/// A volume with the name that it gets.
struct NamedPlace<'a> {
    name: String,
    path: String,
    place: &'a Place,
}

impl Hardened<'_> {
    /// The places with a kind of mount, each with a unique name from its path. A path that is not
    /// text, or that contains a separator of an option, cannot be written.
    fn mounts(&self, mount: Mount) -> Vec<NamedPlace<'_>> {
        let mut names = BTreeSet::new();
        let mut mounts = Vec::new();
        for place in &self.settings.places {
            let Ok(path) = std::str::from_utf8(&place.path) else {
                continue;
            };
            if !is_writable_in_options(path) {
                continue;
            }
            let mut name = name_of(path);
            while !names.insert(name.clone()) {
                name.push('x');
            }
            if place.mount == mount {
                mounts.push(NamedPlace {
                    name,
                    path: path.to_owned(),
                    place,
                });
            }
        }
        mounts
    }

    /// Lines that stand at the top of each format.
    fn title(&self) -> Vec<String> {
        let mut lines = vec![format!(
            "Settings for containers of {}, from the files that its program needs.",
            self.image
        )];
        for warning in &self.settings.warnings {
            lines.push(format!("Warning: {warning}."));
        }
        for place in &self.settings.places {
            if !std::str::from_utf8(&place.path).is_ok_and(is_writable_in_options) {
                let path = place.path.escape_ascii();
                lines.push(format!(
                    "Warning: {path} must be writable, but has a name that no option can state."
                ));
            }
        }
        lines
    }

    /// The user and the group, as numbers.
    fn user(&self) -> String {
        format!("{}:{}", self.settings.user.uid, self.settings.user.gid)
    }
}

/// Options of a tmpfs mount: `mode=1777,uid=1000,gid=1000,size=64m`.
fn tmpfs_options(place: &Place) -> String {
    let owner = match place.owner {
        Some((uid, gid)) => format!(",uid={uid},gid={gid}"),
        None => String::new(),
    };
    format!(
        "mode={:o}{owner},size={}m",
        place.mode,
        placeholders::TMPFS_MB
    )
}

fn is_writable_in_options(path: &str) -> bool {
    // Some parsers end lines at the last two, and drop spaces at the end of a value.
    !path.contains([':', ',', '"', '\\', '$', '\u{2028}', '\u{2029}'])
        && !path.contains(char::is_control)
        && path.trim() == path
}

/// The same for Podman, whose temporary file systems always belong to root: everybody may write to
/// one that would belong to another user.
fn podman_tmpfs_options(place: &Place) -> String {
    const SHARED: u32 = 0o1777;
    let mode = if place.owner.is_some() {
        SHARED
    } else {
        place.mode
    };
    format!("mode={mode:o},size={}m", placeholders::TMPFS_MB)
}

/// A name for a volume: `var-lib-mysql`.
fn name_of(path: &str) -> String {
    const LONGEST: usize = 40;
    let mut name = String::new();
    for char in path.trim_matches('/').chars().take(LONGEST) {
        if char.is_ascii_alphanumeric() {
            name.push(char.to_ascii_lowercase());
        } else if !name.ends_with('-') && !name.is_empty() {
            name.push('-');
        }
    }
    let name = name.trim_end_matches('-');
    if name.is_empty() {
        "data".to_owned()
    } else if is_plain_name(name) {
        name.to_owned()
    } else {
        format!("data-{name}")
    }
}

/// Whether a name of lower-case letters, digits and hyphens is a string in YAML without quotes.
pub fn is_plain_name(name: &str) -> bool {
    const OTHERS: [&str; 9] = ["true", "false", "yes", "no", "on", "off", "y", "n", "null"];
    name.starts_with(|first: char| first.is_ascii_alphabetic()) && !OTHERS.contains(&name)
}
