//! Tracer for systemd: what it starts at boot, unit by unit.
//!
//! The roots are the default target, the targets that stop the container and the generators. From
//! each unit lead dependencies, `.wants` and `.requires` directories, and the services of sockets,
//! timers, paths and D-Bus names. A unit that may start keeps its programs and the files that its
//! settings name.

mod commands;
mod conditions;
mod dependencies;
mod files;
mod generators;

pub(super) use commands::{COMMANDS, without_signs};

use std::collections::{HashMap, HashSet, VecDeque};

use crate::image::{Config, NameId};
use crate::knowledge::{is_maintenance_unit, shutdown_units};
use crate::slim::keep::Keep;
use crate::slim::tracer::Tracer;
use crate::slim::units::{Found, LOOKUP, Unit, UnitFiles, UnitName, is_masked};
use crate::slim::why::{Confidence, UnitRelation, Why};

/// Units that are loaded. A full desktop system has about 500.
const MAX_UNITS: usize = 4096;
/// Symlinks from one name of a unit to the next.
const MAX_ALIASES: usize = 8;
/// Notes about missing units and programs.
const MAX_NOTES: usize = 100;
/// The cost of a file in a directory that is kept whole, in bytes of unit files.
const ENTRY: usize = 16;

#[derive(Default)]
pub(super) struct SystemdTracer {
    has_booted: bool,
}

impl Tracer for SystemdTracer {
    fn trace(&mut self, keep: &mut Keep<'_>, name: NameId) {
        let is_systemd = keep.tree().file_name(name) == b"systemd"
            && keep.is_file(name)
            && keep.tree().path(name).ends_with(b"/systemd/systemd");
        if is_systemd && !self.has_booted && is_started(keep, name) {
            self.has_booted = true;
            boot(keep, name);
        }
    }
}

/// Whether more than a mention in a text keeps a file.
fn is_started(keep: &Keep<'_>, name: NameId) -> bool {
    let chain = keep.graph.chain(name);
    !chain.iter().any(|link| link.why.is_mention())
}

fn boot(keep: &mut Keep<'_>, systemd: NameId) {
    let mut walk = Walk::new(keep, systemd);
    let target = default_target(&keep.view.image.config);
    let outcome = walk.want(keep, &target, systemd, certain(UnitRelation::Default));
    for unit in shutdown_units() {
        walk.want(keep, unit, systemd, certain(UnitRelation::Shutdown));
    }
    generators::keep_generators(&mut walk, keep);
    walk.run(keep);
    match outcome {
        Outcome::Loaded if walk.is_exhausted(keep) => {
            refuse(
                keep,
                "its units are too many or too large to follow".to_owned(),
            );
        }
        Outcome::Loaded => {}
        Outcome::Masked => refuse(keep, format!("its default target `{target}` is masked")),
        Outcome::Missing => {
            refuse(
                keep,
                format!("its default target `{target}` is not in the image"),
            );
        }
    }
}

/// The target on the command line, or `default.target`. In a container, systemd reads its own
/// arguments like the command line of a kernel, systemd(1).
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

/// Records that no service of the image is known to work. With `--keep`, this is a note.
fn refuse(keep: &mut Keep<'_>, reason: String) {
    keep.note(
        None,
        None,
        format!("the image starts systemd, and {reason}"),
    );
    keep.unbootable = Some(reason);
}

fn certain(relation: UnitRelation) -> Why {
    Why::Unit {
        relation,
        confidence: Confidence::Certain,
    }
}

fn possible(relation: UnitRelation) -> Why {
    Why::Unit {
        relation,
        confidence: Confidence::Possible,
    }
}

/// What systemd would find for the name of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Loaded,
    /// It is disabled, so that it is no loss.
    Masked,
    Missing,
}

/// The entry for the name of a unit, and what it is.
#[derive(Clone, Copy)]
struct Known {
    entry: Option<NameId>,
    outcome: Outcome,
}

/// A unit, or another name of one, whose dependencies have not been followed yet.
enum Pending {
    Unit(Unit),
    Alias(UnitName, NameId),
}

/// The units that were found so far. Each is followed once, from a queue, because units may require
/// each other in turn.
struct Walk {
    systemd: NameId,
    files: UnitFiles,
    known: HashMap<String, Known>,
    pending: VecDeque<Pending>,
    /// The generator of services for the scripts in `/etc/init.d`.
    sysv: Option<NameId>,
    /// Directories that are kept with everything in them.
    whole: HashSet<NameId>,
    /// Names of users and groups; read when a unit first names one.
    accounts: Option<HashSet<String>>,
    loaded: usize,
    notes: usize,
    has_overrun: bool,
}

impl Walk {
    fn new(keep: &Keep<'_>, systemd: NameId) -> Self {
        Self {
            systemd,
            files: UnitFiles::of(keep.tree()),
            known: HashMap::new(),
            pending: VecDeque::new(),
            sysv: generators::sysv(keep),
            whole: HashSet::new(),
            accounts: None,
            loaded: 0,
            notes: 0,
            has_overrun: false,
        }
    }

    /// Keeps the files of a unit because of `by`, and follows it later.
    fn want(&mut self, keep: &mut Keep<'_>, name: &str, by: NameId, why: Why) -> Outcome {
        if is_maintenance_unit(name) {
            return Outcome::Masked;
        }
        let Some(name) = UnitName::parse(name) else {
            return Outcome::Missing;
        };
        let known = match self.known.get(name.full()) {
            Some(&known) => known,
            None => self.load(keep, name),
        };
        if let Some(entry) = known.entry {
            keep_entry(keep, entry, by, why);
        }
        known.outcome
    }

    /// Finds a unit that was not asked for before, through its aliases.
    fn load(&mut self, keep: &mut Keep<'_>, mut name: UnitName) -> Known {
        let mut aliases = Vec::new();
        let mut known = loop {
            if let Some(&known) = self.known.get(name.full()) {
                break known;
            }
            let missing = Known {
                entry: None,
                outcome: Outcome::Missing,
            };
            if aliases.len() > MAX_ALIASES || !self.spend(keep, LOOKUP) {
                break missing;
            }
            match self.files.find(keep.tree(), &name) {
                Found::Alias(link, target) => {
                    aliases.push((name, link));
                    name = target;
                }
                Found::Fragment(entry) => break self.read(keep, &name, entry),
                Found::Masked(entry) => {
                    break Known {
                        entry: Some(entry),
                        outcome: Outcome::Masked,
                    };
                }
                Found::Missing => break self.init_script(keep, &name).unwrap_or(missing),
            }
        };
        self.known.insert(name.full().to_owned(), known);
        // From the unit back to the name that was asked for; each symlink keeps the next.
        while let Some((alias, link)) = aliases.pop() {
            if let Some(entry) = known.entry {
                keep_entry(keep, entry, link, Why::Target);
            }
            known.entry = Some(link);
            self.known.insert(alias.full().to_owned(), known);
            if known.outcome == Outcome::Loaded {
                self.pending.push_back(Pending::Alias(alias, link));
            }
        }
        known
    }

    /// Reads the fragment and the drop-ins of a unit.
    fn read(&mut self, keep: &mut Keep<'_>, name: &UnitName, entry: NameId) -> Known {
        let tree = keep.tree();
        let mut known = Known {
            entry: Some(entry),
            outcome: Outcome::Missing,
        };
        let Ok(resolved) = tree.resolve(&tree.path(entry)) else {
            return known;
        };
        self.loaded += 1;
        let mut unit = Unit::new(name.clone(), resolved.name);
        if self.loaded > MAX_UNITS || !self.add(keep, &mut unit, resolved.name) {
            self.has_overrun |= self.loaded > MAX_UNITS;
            return known;
        }
        for drop_in in self.files.drop_ins(tree, name, &mut keep.effort.units) {
            let Ok(file) = tree.resolve(&tree.path(drop_in)) else {
                continue;
            };
            if !is_masked(tree, drop_in) && self.add(keep, &mut unit, file.name) {
                keep_entry(keep, drop_in, unit.fragment, certain(UnitRelation::DropIn));
            }
        }
        self.pending.push_back(Pending::Unit(unit));
        known.outcome = Outcome::Loaded;
        known
    }

    /// Adds the settings in a file to a unit; false where it cannot be read.
    fn add(&mut self, keep: &mut Keep<'_>, unit: &mut Unit, file: NameId) -> bool {
        let Some(bytes) = keep.view.bytes(file) else {
            return false;
        };
        if !self.spend(keep, bytes.len()) {
            return false;
        }
        unit.add(file, &String::from_utf8_lossy(&bytes));
        keep.units.insert(file);
        true
    }

    /// The script in `/etc/init.d` from which the generator makes a service that has no unit file.
    fn init_script(&mut self, keep: &mut Keep<'_>, name: &UnitName) -> Option<Known> {
        let generator = self.sysv?;
        let path = format!("/etc/init.d/{}", name.stem());
        let tree = keep.tree();
        let script = tree.resolve(path.as_bytes()).ok()?.name;
        let is_executable = tree.inode(script).header.mode & 0o111 != 0;
        if name.kind() != "service" || !keep.is_file(script) || !is_executable {
            return None;
        }
        keep_entry(
            keep,
            generator,
            self.systemd,
            certain(UnitRelation::Generator),
        );
        // The generator reads the directory: the script is a service because it is there.
        keep_entry(keep, script, generator, certain(UnitRelation::Generated));
        Some(Known {
            entry: Some(script),
            outcome: Outcome::Loaded,
        })
    }

    /// Follows units until no new ones are found.
    fn run(&mut self, keep: &mut Keep<'_>) {
        while let Some(pending) = self.pending.pop_front() {
            match pending {
                Pending::Alias(name, link) => {
                    dependencies::follow_directories(self, keep, &name, link);
                }
                Pending::Unit(unit) => {
                    // Dependencies start even where a condition keeps the unit itself from it.
                    dependencies::follow(self, keep, &unit);
                    if conditions::may_start(&unit) {
                        commands::keep_commands(self, keep, &unit);
                        files::keep_files(self, keep, &unit);
                    }
                }
            }
        }
    }

    /// Keeps a directory with everything in it.
    fn keep_whole(&mut self, keep: &mut Keep<'_>, directory: NameId, by: NameId, why: &Why) {
        // Units that name nested directories would keep the inner ones once for each.
        if directory == NameId::ROOT || !self.whole.insert(directory) {
            return;
        }
        for name in keep.tree().below(directory) {
            if !self.spend(keep, ENTRY) {
                return;
            }
            keep.graph.keep(name, Some(by), why.clone());
        }
    }

    /// Adds a note about a unit, unless there are many.
    fn note(&mut self, keep: &mut Keep<'_>, at: NameId, line: Option<usize>, text: String) {
        self.notes += 1;
        if self.notes <= MAX_NOTES {
            keep.note(Some(at), line, text);
        } else {
            let text = "more units or programs of units are missing than are listed here";
            keep.note(None, None, text.to_owned());
        }
    }

    fn spend(&mut self, keep: &mut Keep<'_>, amount: usize) -> bool {
        let is_left = keep.effort.units.spend(amount);
        self.has_overrun |= !is_left;
        is_left
    }

    fn is_exhausted(&self, keep: &Keep<'_>) -> bool {
        self.has_overrun || keep.effort.units.left() < LOOKUP as u64
    }
}

/// Keeps the entry of a directory, even if it is a dangling symlink.
fn keep_entry(keep: &mut Keep<'_>, entry: NameId, by: NameId, why: Why) {
    let path = keep.tree().path(entry);
    keep.keep_entry(&path, Some(by), why);
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
