//! Mounts: the writable places after candidates in each other are merged.

use super::candidates::{Candidate, Found};
use super::paths::{is_essential, is_within, real_path};
use super::place::{Mount, Place};
use super::run_user::RunUser;
use super::subject::Subject;
use crate::image::Tree;

/// Maximum number of directories in a temporary one that get a mount of their own.
const MAX_NESTED: usize = 8;
/// The same for `/run` and `/tmp`.
const MAX_NESTED_IN_CLEARED: usize = 32;

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
    let is_own = user.identity().may(image.tree.inode(name), 0o2);
    if is_own && !is_essential(&path) && !subject.has_kept_files(&path) {
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
    // Only a volume shows the files of the image. Those in `/run` and `/tmp` are left from the
    // build.
    let is_cleared = [b"/run".as_slice(), b"/tmp"]
        .iter()
        .any(|top| is_within(path, top));
    // A PID file that survives a restart keeps a server from starting, so more directories are
    // mounted there before a volume is.
    let most = if is_cleared {
        MAX_NESTED_IN_CLEARED
    } else {
        MAX_NESTED
    };
    if has_files && !is_cleared || nested.len() > most {
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
        // Everybody may write to `/tmp`; its owner does not matter.
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
