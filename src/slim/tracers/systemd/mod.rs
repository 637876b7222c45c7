//! Tracer for systemd, which follows the units that it starts at boot.
//!
//! The roots are the default target, the targets that stop the container, and the generators. From
//! each unit, the tracer follows dependencies, `.wants` and `.requires` directories, and the
//! services of sockets, timers, paths and D-Bus names. If a unit may start, its programs and the
//! files named in its settings are kept.

mod commands;
mod conditions;
mod dependencies;
mod files;
mod generators;
mod walk;

pub(super) use commands::{COMMANDS, without_signs};

use crate::image::{Config, NameId};
use crate::knowledge::{machine_labels, shutdown_units};
use crate::slim::keep::Keep;
use crate::slim::tracer::Tracer;
use crate::slim::why::{Root, UnitRelation, Why};

use self::walk::{Outcome, Pending, Walk, certain};

#[derive(Default)]
pub(super) struct SystemdTracer {
    /// The units that systemd starts; set as soon as systemd is kept.
    walk: Option<Walk>,
}

impl Tracer for SystemdTracer {
    fn trace(&mut self, keep: &mut Keep<'_>, name: NameId) {
        if let Some(walk) = &mut self.walk {
            follow_named(walk, keep, name);
        } else if is_systemd(keep, name) {
            self.walk = Some(boot(keep, name));
        }
    }
}

/// Whether a kept name is systemd and is kept for more than a mention in a text.
fn is_systemd(keep: &Keep<'_>, name: NameId) -> bool {
    let tree = keep.tree();
    tree.file_name(name) == b"systemd"
        && keep.is_file(name)
        && tree.path(name).ends_with(b"/systemd/systemd")
        && !keep
            .graph
            .chain(name)
            .iter()
            .any(|link| link.why.is_mention())
}

/// Follows the units that systemd starts by itself.
fn boot(keep: &mut Keep<'_>, systemd: NameId) -> Walk {
    keep.starts_systemd = true;
    let sysv = generators::sysv(keep);
    let mut walk = Walk::new(keep, systemd, sysv);
    let target = default_target(&keep.view.image.config);
    let outcome = walk.want(keep, &target, systemd, certain(UnitRelation::Default));
    for unit in shutdown_units() {
        walk.want(keep, unit, systemd, certain(UnitRelation::Shutdown));
    }
    generators::keep_generators(&mut walk, keep);
    let config = &keep.view.image.config;
    if let Some(label) = machine_labels()
        .iter()
        .find(|label| config.label(label).is_some())
    {
        refuse(
            keep,
            format!("its label `{label}` marks it as an image for booting a machine"),
        );
    }
    match outcome {
        Outcome::Loaded => {}
        Outcome::Masked => refuse(keep, format!("its default target `{target}` is masked")),
        Outcome::Missing => refuse(
            keep,
            format!("its default target `{target}` is not in the image"),
        ),
    }
    run(&mut walk, keep);
    walk
}

/// Follows a unit that does not start at boot, but is named by a script or the user, or added by
/// the Dockerfile, so something starts it later.
fn follow_named(walk: &mut Walk, keep: &mut Keep<'_>, name: NameId) {
    let tree = keep.tree();
    if walk.files.is_directory_of_units(tree.parent(name)) && is_named(keep, name) {
        let unit = String::from_utf8_lossy(tree.file_name(name)).into_owned();
        walk.want(keep, &unit, name, Why::Target);
        run(walk, keep);
    }
}

fn is_named(keep: &Keep<'_>, name: NameId) -> bool {
    let mut reasons = keep.graph.reasons(name).iter();
    reasons.any(|reason| {
        matches!(
            reason.why,
            Why::Command { .. }
                | Why::Root(Root::Brought { .. } | Root::Made { .. } | Root::Glob { .. })
        )
    })
}

/// Follows units until no new ones are found.
fn run(walk: &mut Walk, keep: &mut Keep<'_>) {
    while let Some(pending) = walk.next_pending() {
        match pending {
            Pending::Alias(name, link) => {
                dependencies::follow_directories(walk, keep, &name, link);
            }
            Pending::Unit(unit) => {
                dependencies::follow(walk, keep, &unit);
                if conditions::may_start(&unit) {
                    dependencies::follow_started(walk, keep, &unit);
                    commands::keep_commands(walk, keep, &unit);
                    files::keep_files(walk, keep, &unit);
                }
            }
        }
    }
    if walk.is_exhausted(keep) {
        let reason = "its units are too numerous or too large to follow";
        refuse(keep, reason.to_owned());
    }
}

/// The target on the command line, or `default.target`. In a container, systemd interprets its own
/// arguments like a kernel command line; see systemd(1).
fn default_target(config: &Config) -> String {
    let mut words = config.entrypoint();
    words.extend(config.cmd());
    let mut target = "default.target";
    for (place, word) in words.iter().enumerate().skip(1) {
        let value = word
            .strip_prefix("systemd.unit=")
            .or_else(|| word.strip_prefix("--unit="));
        target = match *word {
            "--unit" => words.get(place + 1).copied().unwrap_or(target),
            "emergency" | "-b" => "emergency.target",
            "rescue" | "single" | "s" | "S" | "1" => "rescue.target",
            "2" | "3" | "4" => "multi-user.target",
            "5" => "graphical.target",
            _ => value.unwrap_or(target),
        };
    }
    target.to_owned()
}

/// Records that no service in the image is known to work. With `--keep`, this is only a note.
fn refuse(keep: &mut Keep<'_>, reason: String) {
    keep.note(
        None,
        None,
        format!("the image starts systemd, and {reason}"),
    );
    keep.unbootable.get_or_insert(reason);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_command_line_names_the_target() {
        for (command, target) in [
            (vec!["/sbin/init"], "default.target"),
            (vec!["/sbin/init", "systemd.unit=app.target"], "app.target"),
            (vec!["/sbin/init", "--unit=app.target"], "app.target"),
            (vec!["/sbin/init", "--unit", "app.target"], "app.target"),
            (vec!["/sbin/init", "3"], "multi-user.target"),
            (vec!["/sbin/init", "--log-level=info"], "default.target"),
        ] {
            let config = Config::new(json!({"config": {"Cmd": command}}));
            assert_eq!(default_target(&config), target, "{command:?}");
        }
    }
}
