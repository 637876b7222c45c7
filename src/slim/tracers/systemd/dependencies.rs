//! Units that a unit pulls in or starts later.

use crate::image::NameId;
use crate::knowledge::{activation_directories, is_maintenance_unit, units_started_by};
use crate::slim::keep::Keep;
use crate::slim::tracers::shell;
use crate::slim::units::{Found, LOOKUP, Placed, Unit, UnitName, is_masked, settings, words};
use crate::slim::why::{Confidence, UnitRelation, Why};

use super::walk::{Outcome, Walk, certain, keep_entry, possible};

/// Settings that name units, with the confidence that these are needed. Units that are started
/// after a failure are rarely needed.
const PULLS: [(&str, Confidence); 7] = [
    ("Requires", Confidence::Certain),
    ("BindsTo", Confidence::Certain),
    ("Upholds", Confidence::Certain),
    ("Wants", Confidence::Certain),
    ("Sockets", Confidence::Certain),
    ("OnSuccess", Confidence::Likely),
    ("OnFailure", Confidence::Possible),
];

/// Follows the dependencies of a unit, which are started even if a condition prevents the unit
/// itself from starting.
pub(super) fn follow(walk: &mut Walk, keep: &mut Keep<'_>, unit: &Unit) {
    for (key, confidence) in PULLS {
        for value in unit.all(key) {
            for word in words(&value.value) {
                pull(walk, keep, unit, key, value, &word, confidence);
            }
        }
    }
    follow_directories(walk, keep, &unit.name, unit.fragment);
    follow_implied(walk, keep, unit);
    follow_init_scripts(walk, keep, unit);
}

/// Follows the units that a unit starts after it has started itself.
pub(super) fn follow_started(walk: &mut Walk, keep: &mut Keep<'_>, unit: &Unit) {
    follow_trigger(walk, keep, unit);
    for started in units_started_by(unit.name.full()) {
        let why = possible(UnitRelation::Started);
        walk.want(keep, started, unit.fragment, why);
    }
    if matches!(unit.name.full(), "dbus.service" | "dbus-broker.service") {
        follow_activation(walk, keep, unit);
    }
}

/// Follows the symlinks in the `.wants`, `.requires` and `.upholds` directories of a name.
pub(super) fn follow_directories(
    walk: &mut Walk,
    keep: &mut Keep<'_>,
    name: &UnitName,
    by: NameId,
) {
    let mut names = vec![name.full().to_owned()];
    names.extend(name.template());
    for name in names {
        for ending in ["wants", "requires", "upholds"] {
            let directory = format!("{name}.{ending}");
            let tree = keep.tree();
            let entries = walk
                .files
                .linked_units(tree, &directory, &mut keep.effort.units);
            for entry in entries {
                if !is_masked(tree, entry) {
                    follow_link(walk, keep, entry, by);
                }
            }
        }
    }
}

/// Follows a symlink created by `systemctl enable`. Only its name matters, not its target.
fn follow_link(walk: &mut Walk, keep: &mut Keep<'_>, entry: NameId, by: NameId) {
    let name = String::from_utf8_lossy(keep.tree().file_name(entry)).into_owned();
    if is_maintenance_unit(&name) || UnitName::parse(&name).is_none() {
        return;
    }
    keep_entry(keep, entry, by, certain(UnitRelation::Enabled));
    let outcome = walk.want(keep, &name, entry, Why::Target);
    if outcome == Outcome::Missing {
        let text = format!("the enabled unit `{name}` is not in the image or cannot be read");
        walk.note(keep, entry, None, text);
    }
}

fn pull(
    walk: &mut Walk,
    keep: &mut Keep<'_>,
    unit: &Unit,
    key: &'static str,
    value: &Placed,
    word: &str,
    confidence: Confidence,
) {
    let Some(name) = walk.expand(keep, unit, word) else {
        return;
    };
    let why = Why::UnitSetting {
        key,
        value: name.clone(),
        line: value.line,
        confidence,
    };
    let outcome = walk.want(keep, &name, value.file, why);
    let is_required = matches!(key, "Requires" | "BindsTo" | "Service" | "Unit");
    if outcome == Outcome::Missing && is_required && has_file(&name) {
        let text = format!("`{key}=` names the unit `{name}`, which is not in the image");
        walk.note(keep, value.file, Some(value.line), text);
    }
}

/// Whether a unit needs a file: devices, mounts, scopes and slices can exist without one. `*`
/// stands for parts of a name that are only known at run time.
fn has_file(name: &str) -> bool {
    const KINDS: [&str; 5] = ["path", "service", "socket", "target", "timer"];
    let name = UnitName::parse(name);
    name.is_some_and(|name| KINDS.contains(&name.kind()) && !name.full().contains('*'))
}

/// Follows a socket, timer, path or automount to the unit that it starts.
fn follow_trigger(walk: &mut Walk, keep: &mut Keep<'_>, unit: &Unit) {
    let name = &unit.name;
    let key = match name.kind() {
        "socket" => "Service",
        "timer" | "path" => "Unit",
        "automount" => {
            let mount = name.with_kind("mount");
            walk.want(keep, &mount, unit.fragment, certain(UnitRelation::SameName));
            return;
        }
        _ => return,
    };
    if let Some(value) = unit.last(key) {
        return pull(
            walk,
            keep,
            unit,
            key,
            value,
            &value.value,
            Confidence::Certain,
        );
    }
    // With `Accept=yes`, each connection gets its own instance.
    let service = if key == "Service" && unit.flag("Accept") == Some(true) {
        format!("{}@.service", name.prefix())
    } else {
        name.with_kind("service")
    };
    let why = certain(UnitRelation::SameName);
    if walk.want(keep, &service, unit.fragment, why) == Outcome::Missing {
        let text = format!("it starts the unit `{service}`, which is not in the image");
        walk.note(keep, unit.fragment, None, text);
    }
}

/// Follows dependencies that units have without a setting; see systemd.service(5) and others.
fn follow_implied(walk: &mut Walk, keep: &mut Keep<'_>, unit: &Unit) {
    let kind = unit.name.kind();
    let has_defaults = unit.flag("DefaultDependencies") != Some(false);
    if has_defaults && matches!(kind, "service" | "socket" | "timer" | "path") {
        let why = certain(UnitRelation::Implied);
        walk.want(keep, "sysinit.target", unit.fragment, why);
    }
    let is_on_bus = unit.last("Type").is_some_and(|value| value.value == "dbus");
    if kind == "service" && is_on_bus {
        let why = certain(UnitRelation::Implied);
        walk.want(keep, "dbus.socket", unit.fragment, why);
    }
}

/// Follows runlevel scripts, which have no unit file: scripts of runlevels 2, 3 and 4 belong to
/// `multi-user.target`, those of runlevel 5 to `graphical.target`; see systemd-sysv-generator(8).
fn follow_init_scripts(walk: &mut Walk, keep: &mut Keep<'_>, unit: &Unit) {
    let levels: &[&str] = match unit.name.full() {
        "multi-user.target" => &["2", "3", "4"],
        "graphical.target" => &["5"],
        _ => return,
    };
    let tree = keep.tree();
    for level in levels {
        let Ok(directory) = tree.resolve(format!("/etc/rc{level}.d").as_bytes()) else {
            continue;
        };
        for entry in tree.children(directory.name) {
            if walk.sysv.is_none() || !walk.spend(keep, LOOKUP) {
                return;
            }
            follow_init_script(walk, keep, unit, entry);
        }
    }
}

/// Follows a script such as `S20app`, unless the service has a unit file, which is enabled
/// separately.
fn follow_init_script(walk: &mut Walk, keep: &mut Keep<'_>, unit: &Unit, entry: NameId) {
    let file_name = String::from_utf8_lossy(keep.tree().file_name(entry)).into_owned();
    let Some(script) = file_name.strip_prefix('S').and_then(|name| name.get(2..)) else {
        return;
    };
    // The names of some Debian boot scripts end with `.sh`, but the service names do not.
    let service = format!("{}.service", script.trim_end_matches(".sh"));
    let Some(name) = UnitName::parse(&service) else {
        return;
    };
    if walk.files.find(keep.tree(), &name) == Found::Missing {
        keep_entry(keep, entry, unit.fragment, certain(UnitRelation::Enabled));
        walk.want(keep, &service, entry, Why::Target);
    }
}

/// Follows services that D-Bus starts when a program calls them.
fn follow_activation(walk: &mut Walk, keep: &mut Keep<'_>, bus: &Unit) {
    let tree = keep.tree();
    for directory in activation_directories() {
        let Ok(directory) = tree.resolve(directory.as_bytes()) else {
            continue;
        };
        for entry in tree.children(directory.name) {
            if !tree.file_name(entry).ends_with(b".service") {
                continue;
            }
            if !walk.spend(keep, LOOKUP) {
                return;
            }
            follow_activated(walk, keep, bus, entry);
        }
    }
}

fn follow_activated(walk: &mut Walk, keep: &mut Keep<'_>, bus: &Unit, entry: NameId) {
    let tree = keep.tree();
    let Ok(file) = tree.resolve(&tree.path(entry)) else {
        return;
    };
    let Some(bytes) = keep.view.bytes(file.name) else {
        return;
    };
    if !walk.spend(keep, bytes.len()) {
        return;
    }
    keep_entry(keep, entry, bus.fragment, possible(UnitRelation::Activated));
    let settings = settings(&String::from_utf8_lossy(&bytes));
    // With systemd, `Exec=` is only used for services without a unit.
    if let Some(unit) = settings
        .iter()
        .find(|setting| setting.key == "SystemdService")
    {
        let why = possible(UnitRelation::Activated);
        walk.want(keep, &unit.value, file.name, why);
    } else if let Some(exec) = settings.iter().find(|setting| setting.key == "Exec") {
        shell::keep_text_of(keep, file.name, exec.line, &exec.value);
    }
}
