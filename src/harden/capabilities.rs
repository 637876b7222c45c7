//! The capabilities that kept programs need.

use std::collections::BTreeMap;

use super::place::{Mount, Place};
use super::root_programs::privileged_starts;
use super::subject::Subject;
use crate::knowledge::{capabilities_of, capability_name};
use crate::lint::image::file_capabilities;
use crate::printable::escape_bytes;

/// The number of reasons for one capability that are shown.
const SHOWN: usize = 3;

/// Capabilities with the reasons for each.
pub(super) type Needed = BTreeMap<&'static str, Vec<String>>;

/// The privileges that kept programs gain when they are started.
#[derive(Debug, Default)]
pub(super) struct Gained {
    pub(super) capabilities: Needed,
    /// The first of these programs, as a reason against `no-new-privileges`.
    pub(super) reason: Option<String>,
}

/// The capabilities of setuid programs and of those with file capabilities.
pub(super) fn gained(subject: &Subject<'_, '_>) -> Gained {
    const SETUID: u32 = 0o4000;
    const SETGID: u32 = 0o2000;
    let tree = &subject.slimming.image.tree;
    let mut gained = Gained::default();
    for &name in &subject.plan.totals().privileged {
        let header = &tree.inode(name).header;
        let path = escape_bytes(&tree.path(name));
        let of_file = file_capabilities(header);
        let what = match header.mode {
            mode if mode & SETUID != 0 => "is a setuid program",
            mode if mode & SETGID != 0 => "is a setgid program",
            _ => "has file capabilities",
        };
        let reason = format!("{path} {what}");
        for capability in &of_file {
            add(&mut gained.capabilities, capability, &reason);
        }
        if header.mode & SETUID != 0 && header.uid == 0 {
            for capability in of_setuid_program(tree.file_name(name)) {
                add(&mut gained.capabilities, capability, &reason);
            }
        }
        gained.reason.get_or_insert(reason);
    }
    gained
}

/// The capabilities of a setuid root program. One that is not known becomes another user, as most
/// do.
fn of_setuid_program(file_name: &[u8]) -> Vec<&'static str> {
    let of_program = capabilities_of(&String::from_utf8_lossy(file_name));
    let known = if of_program.is_empty() {
        capabilities_of("gosu")
    } else {
        of_program
    };
    known.iter().map(String::as_str).collect()
}

/// Adds the capabilities that the container needs because it starts as root.
pub(super) fn add_of_root(
    subject: &Subject<'_, '_>,
    places: &[Place],
    low_port: Option<&str>,
    needed: &mut Needed,
) {
    for (program, reason) in privileged_starts(subject) {
        for capability in capabilities_of(&program) {
            add(needed, capability, &reason);
        }
    }
    if let Some(port) = low_port {
        let reason = format!("port {port} is below 1024");
        add(needed, "NET_BIND_SERVICE", &reason);
    }
    // Without this capability, root is an ordinary user to the files of other users.
    let override_of_modes = "DAC_OVERRIDE";
    if let Some(path) = subject.first_unreadable(0, 0) {
        add(
            needed,
            override_of_modes,
            &format!("{path} belongs to another user"),
        );
    }
    for place in places {
        let is_foreign = place.owner.is_some_and(|(uid, _)| uid != 0);
        let is_shared = place.mode & 0o002 != 0;
        if is_foreign && !is_shared && place.mount == Mount::Volume {
            let path = escape_bytes(&place.path);
            add(
                needed,
                override_of_modes,
                &format!("{path} belongs to another user"),
            );
        }
    }
}

fn add(needed: &mut Needed, capability: &str, reason: &str) {
    let known = (0..u64::BITS).filter_map(capability_name);
    let Some(name) = known.into_iter().find(|name| *name == capability) else {
        return;
    };
    let reasons = needed.entry(name).or_default();
    if reasons.len() < SHOWN && !reasons.iter().any(|known| known == reason) {
        reasons.push(reason.to_owned());
    }
}
