//! The units found so far, and the files that are kept for them.

use std::collections::{HashMap, HashSet, VecDeque};

use crate::image::NameId;
use crate::knowledge::is_maintenance_unit;
use crate::slim::keep::Keep;
use crate::slim::units::{Found, LOOKUP, MAX_EXPANDED, Unit, UnitFiles, UnitName, is_masked};
use crate::slim::why::{Confidence, UnitRelation, Why};

/// Maximum number of units that are loaded. A full desktop system has about 500.
const MAX_UNITS: usize = 4096;
/// Maximum number of symlinks from one name of a unit to the next.
const MAX_ALIASES: usize = 8;
/// Maximum number of notes about missing units and programs.
const MAX_NOTES: usize = 100;
/// The cost of a line of a unit file beyond its bytes: a short setting takes ten times its text.
const LINE: usize = 32;
/// The cost of a file in a directory that is kept whole, in bytes of unit files.
const ENTRY: usize = 16;

/// The result of looking up the name of a unit as systemd does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Loaded,
    /// It is disabled, so nothing is lost without it.
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
pub(super) enum Pending {
    Unit(Unit),
    Alias(UnitName, NameId),
}

/// The units found so far. Each is followed once, from a queue, because units may require each
/// other.
pub(super) struct Walk {
    pub(super) systemd: NameId,
    pub(super) files: UnitFiles,
    known: HashMap<String, Known>,
    pending: VecDeque<Pending>,
    /// The generator that creates services for scripts in `/etc/init.d`.
    pub(super) sysv: Option<NameId>,
    /// Directories that are kept with everything in them.
    whole: HashSet<NameId>,
    /// Names of users and groups; read when a unit first names one.
    pub(super) accounts: Option<HashSet<String>>,
    loaded: usize,
    notes: usize,
    has_overrun: bool,
}

impl Walk {
    pub(super) fn new(keep: &Keep<'_>, systemd: NameId, sysv: Option<NameId>) -> Self {
        Self {
            systemd,
            files: UnitFiles::of(keep.tree()),
            known: HashMap::new(),
            pending: VecDeque::new(),
            sysv,
            whole: HashSet::new(),
            accounts: None,
            loaded: 0,
            notes: 0,
            has_overrun: false,
        }
    }

    /// Keeps the files of a unit because of `by`, and follows it later.
    pub(super) fn want(
        &mut self,
        keep: &mut Keep<'_>,
        name: &str,
        by: NameId,
        why: Why,
    ) -> Outcome {
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

    /// Finds a unit that was not looked up before, following its aliases.
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
        // From the unit back to the name that was looked up, so that each symlink keeps the next.
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

    /// Adds the settings in a file to a unit; false if it cannot be read.
    fn add(&mut self, keep: &mut Keep<'_>, unit: &mut Unit, file: NameId) -> bool {
        let Some(bytes) = keep.view.bytes(file) else {
            return false;
        };
        let lines = memchr::memchr_iter(b'\n', &bytes).count();
        if !self.spend(keep, bytes.len() + LINE * lines) {
            return false;
        }
        unit.add(file, &String::from_utf8_lossy(&bytes));
        true
    }

    /// The script in `/etc/init.d` for which the generator creates a service if there is no unit
    /// file.
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
        // The generator reads the directory, so the script is a service because it is there.
        keep_entry(keep, script, generator, certain(UnitRelation::Generated));
        Some(Known {
            entry: Some(script),
            outcome: Outcome::Loaded,
        })
    }

    /// The next unit, or other name of one, whose dependencies have not been followed.
    pub(super) fn next_pending(&mut self) -> Option<Pending> {
        self.pending.pop_front()
    }

    /// Keeps a directory with everything in it.
    pub(super) fn keep_whole(
        &mut self,
        keep: &mut Keep<'_>,
        directory: NameId,
        by: NameId,
        why: &Why,
    ) {
        // Without this check, nested directories would be kept once for each unit that names an
        // outer one.
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
    pub(super) fn note(
        &mut self,
        keep: &mut Keep<'_>,
        at: NameId,
        line: Option<usize>,
        text: String,
    ) {
        self.notes += 1;
        if self.notes <= MAX_NOTES {
            keep.note(Some(at), line, text);
        } else {
            let text = "further missing units and unit programs are not listed";
            keep.note(None, None, text.to_owned());
        }
    }

    /// A value with its specifiers replaced; `None` if it becomes too long. The result counts like
    /// the text of a unit file, because a specifier of 2 bytes may stand for 250.
    pub(super) fn expand(
        &mut self,
        keep: &mut Keep<'_>,
        unit: &Unit,
        value: &str,
    ) -> Option<String> {
        if self.has_overrun {
            return None;
        }
        let expanded = unit.name.expand(value);
        let length = expanded.as_ref().map_or(MAX_EXPANDED, String::len);
        if self.spend(keep, length) {
            expanded
        } else {
            None
        }
    }

    pub(super) fn spend(&mut self, keep: &mut Keep<'_>, amount: usize) -> bool {
        let is_left = keep.effort.units.spend(amount);
        self.has_overrun |= !is_left;
        is_left
    }

    pub(super) fn is_exhausted(&self, keep: &Keep<'_>) -> bool {
        self.has_overrun || keep.effort.units.left() < LOOKUP as u64
    }
}

/// Keeps an entry in a directory, even if it is a dangling symlink.
pub(super) fn keep_entry(keep: &mut Keep<'_>, entry: NameId, by: NameId, why: Why) {
    let path = keep.tree().path(entry);
    keep.keep_entry(&path, Some(by), why);
}

pub(super) fn certain(relation: UnitRelation) -> Why {
    Why::Unit {
        relation,
        confidence: Confidence::Certain,
    }
}

pub(super) fn possible(relation: UnitRelation) -> Why {
    Why::Unit {
        relation,
        confidence: Confidence::Possible,
    }
}
