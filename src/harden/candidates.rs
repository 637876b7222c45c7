//! Candidates for the places that must be writable.
//!
//! They come from the image configuration (volumes, the home directory), from keep rules and
//! the configuration files that they read, from scripts, and from the owners of directories. Each
//! candidate is a directory, which becomes a mount.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::paths::{is_essential, is_within, parent, real_path};
use super::place::Mount;
use super::subject::Subject;
use crate::image::{Kind, Tree};
use crate::printable::escape_bytes;
use crate::slim::{Lifetime, Write, Writer, WrittenKind};

/// Maximum number of mounts.
const MAX_PLACES: usize = 64;
/// The number of reasons for a place that are shown.
const SHOWN: usize = 2;

/// Places before they are merged into mounts.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) places: BTreeMap<Vec<u8>, Candidate>,
    pub(super) warnings: Vec<String>,
}

#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) mount: Mount,
    pub(super) reasons: Vec<String>,
}

impl Found {
    /// The paths of volumes.
    pub(super) fn volumes(&self) -> impl Iterator<Item = &[u8]> {
        self.places
            .iter()
            .filter(|(_, candidate)| candidate.mount == Mount::Volume)
            .map(|(path, _)| path.as_slice())
    }

    pub(super) fn add(&mut self, path: Vec<u8>, mount: Mount, reason: String) {
        if self.places.len() >= MAX_PLACES && !self.places.contains_key(&path) {
            return;
        }
        let candidate = self.places.entry(path).or_insert(Candidate {
            mount,
            reasons: Vec::new(),
        });
        // Data that one of the writers needs must not be lost for another.
        candidate.mount = candidate.mount.max(mount);
        if candidate.reasons.len() < SHOWN && !candidate.reasons.contains(&reason) {
            candidate.reasons.push(reason);
        }
    }

    pub(super) fn warn(&mut self, warning: String) {
        if self.warnings.len() < MAX_PLACES && !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }
}

/// Finds all places.
pub(super) fn find(subject: &Subject<'_, '_>) -> Found {
    let mut found = Found::default();
    let image = subject.slimming.image;
    for volume in image.config.volumes() {
        if let Some((path, _)) = real_path(&image.tree, volume.as_bytes())
            && !is_essential(&path)
        {
            found.add(path, Mount::Volume, "VOLUME of the image".to_owned());
        }
    }
    let directories = created_directories(subject);
    for write in subject.plan.run_time().writes() {
        if is_of_started(subject, write) {
            add_write(subject, &mut found, &directories, write);
        }
    }
    add_owned(subject, &mut found);
    add_working_directory(subject, &mut found);
    found
}

/// Whether the writer of a path runs: a script that something starts, or a program with a rule.
fn is_of_started(subject: &Subject<'_, '_>, write: &Write) -> bool {
    match write.by {
        Writer::Rule { .. } => true,
        Writer::Command { at, .. } => at.is_none_or(|at| subject.started.contains(at)),
    }
}

/// The directories that scripts create at run time.
fn created_directories(subject: &Subject<'_, '_>) -> BTreeSet<Vec<u8>> {
    let tree = &subject.slimming.image.tree;
    let mut directories = BTreeSet::new();
    for write in subject.plan.run_time().writes() {
        let is_command = matches!(write.by, Writer::Command { .. });
        if is_command
            && write.kind == WrittenKind::Directory
            && let Some((path, _)) = real_path(tree, &write.path)
        {
            directories.insert(path);
        }
    }
    directories
}

/// Adds the directory that a write needs.
fn add_write(
    subject: &Subject<'_, '_>,
    found: &mut Found,
    directories: &BTreeSet<Vec<u8>>,
    write: &Write,
) {
    let tree = &subject.slimming.image.tree;
    let Some((path, entry)) = real_path(tree, &write.path) else {
        return;
    };
    // A log is often a symlink to a stream of the container.
    if is_of_engine(&path) || is_link_to_stream(tree, &write.path) {
        return;
    }
    let is_directory = match entry {
        Some(name) => tree.is_directory(name),
        None => write.kind == WrittenKind::Directory || directories.contains(&path),
    };
    let directory = if is_directory {
        path.as_slice()
    } else {
        parent(&path)
    };
    let exists = tree.resolve(directory).is_ok();
    // The write fails in the original too, unless something creates the directory.
    if !exists && !directories.contains(directory) {
        return;
    }
    let reason = reason(subject, write, &path);
    let is_place = !is_essential(directory) && !has_foreign_content(subject, directory, write);
    if is_place {
        found.add(
            directory.to_vec(),
            mount_of(directory, write.lifetime),
            reason,
        );
    } else if !is_directory {
        found.warn(format!(
            "{}: {reason}, which a read-only root file system does not allow",
            escape_bytes(&path)
        ));
    }
}

/// Whether the engine mounts a file system with this path in every container.
fn is_of_engine(path: &[u8]) -> bool {
    let mut tops = [b"/dev".as_slice(), b"/proc", b"/sys"].into_iter();
    tops.any(|top| is_within(path, top))
}

fn is_link_to_stream(tree: &Tree, path: &[u8]) -> bool {
    let Ok(link) = tree.resolve_link(path) else {
        return false;
    };
    match &tree.inode(link.name).kind {
        Kind::Symlink { target } => is_of_engine(target),
        _ => false,
    }
}

/// The mount for a directory. A script does not tell for how long its files are needed; the place
/// does, by the Filesystem Hierarchy Standard.
fn mount_of(directory: &[u8], lifetime: Lifetime) -> Mount {
    const TEMPORARY: [&[u8]; 6] = [
        b"/run",
        b"/tmp",
        b"/var/cache",
        b"/var/lock",
        b"/var/log",
        b"/var/tmp",
    ];
    match lifetime {
        Lifetime::Temporary => Mount::Tmpfs,
        Lifetime::Persistent => Mount::Volume,
        Lifetime::Unknown => {
            if TEMPORARY.iter().any(|top| is_within(directory, top)) {
                Mount::Tmpfs
            } else {
                Mount::Volume
            }
        }
    }
}

/// Whether a mount over a directory would hide kept files that no writer has put there. A rule
/// knows what it names.
fn has_foreign_content(subject: &Subject<'_, '_>, directory: &[u8], write: &Write) -> bool {
    match write.by {
        Writer::Rule { .. } => false,
        Writer::Command { .. } => {
            let is_state = is_within(directory, b"/run") || is_within(directory, b"/var");
            !is_state && subject.has_kept_files(directory)
        }
    }
}

fn reason(subject: &Subject<'_, '_>, write: &Write, path: &[u8]) -> String {
    match &write.by {
        Writer::Rule { rule, at, line } => match line {
            Some(_) => format!(
                "{} names {}",
                subject.location(*at, *line),
                escape_bytes(path)
            ),
            None => format!("written to, according to the keep rule {rule}"),
        },
        Writer::Command { at, line, program } => {
            let at = subject.location(*at, Some(*line));
            match program.as_str() {
                ">" => format!("{at} writes {}", escape_bytes(path)),
                program => format!("{at} calls {program} on it"),
            }
        }
    }
}

/// Adds the working directory if nothing is in it: it is there for what the program writes. The
/// image may not even have it, because the engine creates it.
fn add_working_directory(subject: &Subject<'_, '_>, found: &mut Found) {
    let image = subject.slimming.image;
    let directory = image.config.working_dir().as_bytes();
    let Some((path, entry)) = real_path(&image.tree, directory) else {
        return;
    };
    let is_empty = entry.is_none_or(|name| {
        image.tree.is_directory(name) && image.tree.children(name).next().is_none()
    });
    if is_empty && !is_essential(&path) && !found.places.keys().any(|known| is_within(&path, known))
    {
        // In a volume, only root could write to it.
        let reason = "it is the working directory, and empty";
        found.add(path, Mount::Tmpfs, reason.to_owned());
    }
}

/// Adds kept directories without files that belong to another user than root, or to everybody: a
/// package or a Dockerfile created them to be written to.
fn add_owned(subject: &Subject<'_, '_>, found: &mut Found) {
    const OTHERS_WRITE: u32 = 0o002;
    let tree = &subject.slimming.image.tree;
    let mut owners = HashMap::new();
    for user in &subject.accounts.users {
        // Of several users with a number, the first one counts.
        owners.entry(user.uid).or_insert(user.name.as_str());
    }
    for &name in subject.plan.kept() {
        let inode = tree.inode(name);
        if !matches!(inode.kind, Kind::Directory) || subject.holds_files(name) {
            continue;
        }
        let path = tree.path(name);
        let is_shared = inode.header.mode & OTHERS_WRITE != 0;
        if is_essential(&path) || inode.header.uid == 0 && !is_shared {
            continue;
        }
        // Packages own configuration that way too, and `/run/lock` is that of a whole machine.
        let is_other = [b"/etc".as_slice(), b"/usr", b"/run/lock"]
            .iter()
            .any(|top| is_within(&path, top));
        // The place that something is known to write to says more than its parent directories.
        let mut known = found.places.keys();
        if is_other || known.any(|known| is_within(known, &path)) {
            continue;
        }
        let reason = match (is_shared, owners.get(&inode.header.uid)) {
            (true, _) => "everybody may write to it".to_owned(),
            (false, Some(owner)) => format!("it is empty and belongs to {owner}"),
            (false, None) => format!("it is empty and belongs to user {}", inode.header.uid),
        };
        let mount = mount_of(&path, Lifetime::Unknown);
        found.add(path, mount, reason);
    }
}
