//! Conditions of units that cannot hold in a container.

use crate::knowledge::{is_machine_capability, is_machine_path, is_machine_security};
use crate::slim::keep::Keep;
use crate::slim::units::Unit;

/// Whether a unit may start. Most conditions depend on the running container and are assumed to
/// hold.
pub(super) fn may_start(unit: &Unit) -> bool {
    let mut triggers = 0;
    let mut may_trigger = false;
    for (key, value) in unit.with_prefix("Condition") {
        let value = value.value.trim();
        match value.strip_prefix('|') {
            // One of the conditions with a `|` is enough.
            Some(value) => {
                triggers += 1;
                may_trigger |= may_hold(key, value);
            }
            None if !may_hold(key, value) => return false,
            None => {}
        }
    }
    triggers == 0 || may_trigger
}

fn may_hold(key: &str, value: &str) -> bool {
    let (is_negated, value) = match value.strip_prefix('!') {
        Some(value) => (true, value.trim()),
        None => (false, value.trim()),
    };
    let holds = match key {
        "ConditionVirtualization" => is_virtualization(value),
        // Privileged containers have the devices of the machine, but no image exists to show a
        // login prompt on the machine's terminals.
        "ConditionPathExists" if is_machine_path(value) => Some(false),
        "ConditionCapability" if is_machine_capability(value) => Some(false),
        "ConditionSecurity" if is_machine_security(value) => Some(false),
        _ => None,
    };
    holds != Some(is_negated)
}

/// Whether a unit has a condition on a file that is missing from the image: packages also install
/// units for programs in other packages.
pub(super) fn lacks_file(keep: &Keep<'_>, unit: &Unit) -> bool {
    const KEYS: [&str; 5] = [
        "ConditionDirectoryNotEmpty",
        "ConditionFileIsExecutable",
        "ConditionFileNotEmpty",
        "ConditionPathExists",
        "ConditionPathIsDirectory",
    ];
    let mut conditions = unit.with_prefix("Condition");
    conditions.any(|(key, value)| {
        let path = value.value.trim();
        let is_path = KEYS.contains(&key) && path.starts_with('/');
        is_path && keep.tree().resolve(path.as_bytes()).is_err()
    })
}

/// Whether a container matches a kind of virtualization; `None` if that depends on the container
/// runtime.
fn is_virtualization(kind: &str) -> Option<bool> {
    match kind {
        "container" | "yes" | "true" | "1" | "on" => Some(true),
        "vm" | "no" | "false" | "0" | "off" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::NameId;
    use crate::slim::units::UnitName;

    fn starts(conditions: &str) -> bool {
        let name = UnitName::parse("a.service").expect("it is valid");
        let mut unit = Unit::new(name, NameId::ROOT);
        unit.add(NameId::ROOT, &format!("[Unit]\n{conditions}"));
        may_start(&unit)
    }

    #[test]
    fn units_for_machines_do_not_start_in_a_container() {
        for never in [
            "ConditionVirtualization=!container",
            "ConditionVirtualization=no",
            "ConditionVirtualization=vm",
            "ConditionPathExists=/dev/tty0",
            "ConditionCapability=CAP_SYS_MODULE",
            "ConditionSecurity=tpm2",
            "ConditionVirtualization=|vm\nConditionPathExists=|/dev/tty0",
            "ConditionPathExists=/etc/x\nConditionVirtualization=!container",
        ] {
            assert!(!starts(never), "{never}");
        }
        for maybe in [
            "",
            "ConditionVirtualization=container",
            "ConditionVirtualization=!private-users",
            "ConditionPathExists=/etc/none",
            "ConditionPathExists=!/dev/tty0",
            "ConditionCapability=CAP_SYS_ADMIN",
            "ConditionVirtualization=|vm\nConditionNeedsUpdate=|/etc",
        ] {
            assert!(starts(maybe), "{maybe}");
        }
    }
}
