//! The places that must be writable in a container with a read-only root file system.
//!
//! Candidates come from the image configuration (volumes, the home directory), from keep rules and
//! the configuration files that they read, from scripts, and from the owners of directories. Each
//! candidate is a directory, which becomes a mount.

use std::collections::{BTreeMap, BTreeSet};

use super::paths::{is_within, parent, real_path};
use super::{RunUser, Subject};
use crate::image::{Kind, NameId, Tree};
use crate::printable::escape_bytes;
use crate::slim::{Lifetime, Write, Writer, WrittenKind};

/// Maximum number of mounts.
const MAX_PLACES: usize = 64;
/// Maximum number of directories in a temporary one that get a mount of their own.
const MAX_NESTED: usize = 8;
/// The number of reasons for a place that are shown.
const SHOWN: usize = 2;

/// A writable place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub path: Vec<u8>,
    pub mount: Mount,
    /// Permission bits of the directory.
    pub mode: u32,
    /// User and group; `None` if root owns it.
    pub owner: Option<(u64, u64)>,
    pub reasons: Vec<String>,
}

/// The kind of file system for a writable place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mount {
    /// Memory; empty in each new container.
    Tmpfs,
    /// A volume, whose first content is that of the image.
    Volume,
}

/// Places before they are merged into mounts.
#[derive(Debug, Default)]
pub(super) struct Found {
    places: BTreeMap<Vec<u8>, Candidate>,
    pub(super) warnings: Vec<String>,
}

#[derive(Debug)]
struct Candidate {
    mount: Mount,
    reasons: Vec<String>,
}

impl Found {
    /// The paths of volumes.
    pub(super) fn volumes(&self) -> impl Iterator<Item = &[u8]> {
        self.places
            .iter()
            .filter(|(_, candidate)| candidate.mount == Mount::Volume)
            .map(|(path, _)| path.as_slice())
    }

    fn add(&mut self, path: Vec<u8>, mount: Mount, reason: String) {
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

    fn warn(&mut self, warning: String) {
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
        Lifetime::Unknown if TEMPORARY.iter().any(|top| is_within(directory, top)) => Mount::Tmpfs,
        Lifetime::Unknown => Mount::Volume,
    }
}

/// Whether a mount over a directory would hide kept files that no writer has put there. A rule knows
/// what it names.
fn has_foreign_content(subject: &Subject<'_, '_>, directory: &[u8], write: &Write) -> bool {
    match write.by {
        Writer::Rule { .. } => false,
        Writer::Command { .. } => {
            let is_state = is_within(directory, b"/run") || is_within(directory, b"/var");
            !is_state && kept_files(subject, directory) > 0
        }
    }
}

/// The number of kept files below a directory.
fn kept_files(subject: &Subject<'_, '_>, directory: &[u8]) -> usize {
    let tree = &subject.slimming.image.tree;
    let Ok(resolved) = tree.resolve(directory) else {
        return 0;
    };
    let mut count = 0;
    for name in tree.below(resolved.name) {
        if subject.plan.is_kept(name) && !tree.is_directory(name) {
            count += 1;
        }
    }
    count
}

fn reason(subject: &Subject<'_, '_>, write: &Write, path: &[u8]) -> String {
    match &write.by {
        Writer::Rule { rule, at, line } => match line {
            Some(_) => format!(
                "{} names {}",
                written_at(subject, *at, *line),
                escape_bytes(path)
            ),
            None => format!("rule {rule} knows that it is written"),
        },
        Writer::Command { at, line, program } => {
            let at = written_at(subject, *at, Some(*line));
            match program.as_str() {
                ">" => format!("{at} writes {}", escape_bytes(path)),
                program => format!("{at} calls {program} on it"),
            }
        }
    }
}

/// A place in a file of the image, or in the image configuration.
pub(super) fn written_at(
    subject: &Subject<'_, '_>,
    at: Option<NameId>,
    line: Option<usize>,
) -> String {
    let file = match at {
        Some(name) => escape_bytes(&subject.slimming.image.tree.path(name)),
        None => return "the image configuration".to_owned(),
    };
    match line {
        Some(line) => format!("{file}:{line}"),
        None => file,
    }
}

/// Adds kept directories without files that belong to another user than root, or to everybody: a
/// package or a Dockerfile created them to be written to.
fn add_owned(subject: &Subject<'_, '_>, found: &mut Found) {
    const OTHERS_WRITE: u32 = 0o002;
    let tree = &subject.slimming.image.tree;
    let has_files = with_files(subject);
    for &name in subject.plan.kept() {
        let inode = tree.inode(name);
        if !matches!(inode.kind, Kind::Directory) || has_files[name.index()] {
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
        let reason = match (
            is_shared,
            subject
                .accounts
                .users
                .iter()
                .find(|user| user.uid == inode.header.uid),
        ) {
            (true, _) => "everybody may write to it".to_owned(),
            (false, Some(account)) => format!("it is empty and belongs to {}", account.name),
            (false, None) => format!("it is empty and belongs to user {}", inode.header.uid),
        };
        let mount = mount_of(&path, Lifetime::Unknown);
        found.add(path, mount, reason);
    }
}

/// A row a name: whether something other than directories is kept below it.
fn with_files(subject: &Subject<'_, '_>) -> Vec<bool> {
    let tree = &subject.slimming.image.tree;
    let mut rows = vec![false; tree.name_count()];
    for &name in subject.plan.kept() {
        if tree.is_directory(name) {
            continue;
        }
        let mut at = name;
        // A directory that is marked has marked ancestors.
        while at != NameId::ROOT && !std::mem::replace(&mut rows[at.index()], true) {
            at = tree.parent(at);
        }
    }
    rows
}

/// Merges the candidates into mounts.
pub(super) fn settle(subject: &Subject<'_, '_>, found: &mut Found, user: &RunUser) -> Vec<Place> {
    add_home(subject, found, user);
    if user.uid == 0 {
        let reason = "root may create sockets and PID files in it";
        found.add(b"/run".to_vec(), Mount::Tmpfs, reason.to_owned());
    }
    let mut places: Vec<Place> = Vec::new();
    for (path, candidate) in &found.places {
        // A volume has the directories of the image in it; in a tmpfs, they need a mount.
        let above = places.iter().rfind(|place| is_within(path, &place.path));
        let is_in_volume = above.is_some_and(|place| place.mount == Mount::Volume);
        if is_in_volume && candidate.mount == Mount::Tmpfs {
            continue;
        }
        places.extend(mounts(subject, path, candidate, user));
    }
    places.sort_by(|one, other| one.path.cmp(&other.path));
    places.dedup_by(|one, other| one.path == other.path);
    places
}

/// Adds the home directory of the user, unless files of the image are in it.
fn add_home(subject: &Subject<'_, '_>, found: &mut Found, user: &RunUser) {
    let image = subject.slimming.image;
    if user.is_new {
        return;
    }
    let account = subject
        .accounts
        .users
        .iter()
        .find(|account| account.uid == user.uid);
    let home = image
        .config
        .env_value("HOME")
        .or(account.map(|account| account.home.as_str()));
    let Some((path, Some(name))) = home.and_then(|home| real_path(&image.tree, home.as_bytes()))
    else {
        return;
    };
    let is_own = super::user::permits(image.tree.inode(name), user.uid, user.gid, 0o2);
    if is_own && !is_essential(&path) && kept_files(subject, &path) == 0 {
        let reason = "the home directory of the user".to_owned();
        found.add(path, Mount::Tmpfs, reason);
    }
}

/// The mounts for a candidate: one, and others for the directories that it would hide.
fn mounts(
    subject: &Subject<'_, '_>,
    path: &[u8],
    candidate: &Candidate,
    user: &RunUser,
) -> Vec<Place> {
    let tree = &subject.slimming.image.tree;
    let mut place = place(tree, path, candidate, user);
    let Ok(resolved) = tree.resolve(path) else {
        return vec![place];
    };
    if place.mount == Mount::Volume {
        return vec![place];
    }
    let mut nested = Vec::new();
    let mut has_files = false;
    for name in tree.below(resolved.name) {
        if !subject.plan.is_kept(name) {
            continue;
        }
        if tree.is_directory(name) {
            nested.push(name);
        } else {
            has_files = true;
        }
    }
    // Only a volume shows the files of the image. Those in `/run` and `/tmp` are left from the build.
    let is_cleared = [b"/run".as_slice(), b"/tmp"]
        .iter()
        .any(|top| is_within(path, top));
    if has_files && !is_cleared || nested.len() > MAX_NESTED {
        place.mount = Mount::Volume;
        return vec![place];
    }
    let mut places = vec![place];
    for name in nested {
        let inside = Candidate {
            mount: Mount::Tmpfs,
            reasons: vec!["a directory of the image".to_owned()],
        };
        places.push(self::place(tree, &tree.path(name), &inside, user));
    }
    places
}

fn place(tree: &Tree, path: &[u8], candidate: &Candidate, user: &RunUser) -> Place {
    const DEFAULT_MODE: u32 = 0o755;
    let header = tree
        .resolve(path)
        .ok()
        .map(|found| &tree.inode(found.name).header);
    let mode = header.map_or(DEFAULT_MODE, |header| header.mode & 0o7777);
    let owner = match header {
        // Everybody may write to `/tmp`, whoever owns it.
        Some(header) if mode & 0o002 != 0 => (header.uid, header.gid),
        Some(header) if !user.is_new && header.uid != 0 => (header.uid, header.gid),
        // The user of the image could not write to a directory of root, and neither needs to.
        Some(header) if !user.is_new => (header.uid, header.gid),
        _ => (user.uid, user.gid),
    };
    Place {
        path: path.to_vec(),
        mount: candidate.mount,
        mode,
        owner: if owner == (0, 0) { None } else { Some(owner) },
        reasons: candidate.reasons.clone(),
    }
}

/// Whether a directory is never mounted over, because everything would be hidden.
fn is_essential(path: &[u8]) -> bool {
    const TOP: [&[u8]; 14] = [
        b"", b"bin", b"boot", b"dev", b"etc", b"home", b"lib", b"lib64", b"opt", b"proc", b"sbin",
        b"sys", b"usr", b"var",
    ];
    let mut components = path.split(|&byte| byte == b'/').skip(1);
    let top = components.next().unwrap_or_default();
    let second = components.next();
    match second {
        None => TOP.contains(&top),
        // The programs and libraries of the distribution.
        Some(b"lib") if top == b"var" => components.next().is_none(),
        Some(_) => matches!(top, b"usr") && components.next().is_none(),
    }
}
