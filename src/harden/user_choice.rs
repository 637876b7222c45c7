//! The choice of the user that a container runs as.

use std::collections::BTreeSet;

use super::candidates::Found;
use super::root_programs::privileged_starts;
use super::run_user::RunUser;
use super::subject::Subject;
use super::user_changes;
use crate::printable::{escape, escape_bytes};

/// The user that images without one get, as in distroless images: it is not in `/etc/passwd`, and
/// Kubernetes accepts its number as proof that it is not root.
const NOBODY_ELSE: u64 = 65532;
/// The range of numbers that distributions give to people and applications. Source: useradd(8)
const ORDINARY: std::ops::Range<u64> = 1000..65534;

/// Chooses the user: that of the image, or another one if the image runs as root and no kept
/// program needs it.
pub(super) fn choose(subject: &Subject<'_, '_>, found: &Found) -> RunUser {
    let config = subject.slimming.image.config.user();
    let configured = resolve(subject, config);
    if configured.uid != 0 {
        return configured;
    }
    let starts = privileged_starts(subject);
    if let Some((account, reason)) = user_changes::target(subject) {
        let candidate = RunUser {
            uid: account.uid,
            gid: account.gid,
            reason,
            is_new: true,
        };
        return match obstacle(subject, found, &candidate) {
            None => candidate,
            Some(obstacle) => root(obstacle),
        };
    }
    if let Some((_, reason)) = starts.into_iter().next() {
        return root(reason);
    }
    let candidate = ordinary(subject);
    match obstacle(subject, found, &candidate) {
        None => candidate,
        Some(obstacle) => root(obstacle),
    }
}

fn root(reason: String) -> RunUser {
    RunUser {
        uid: 0,
        gid: 0,
        reason,
        is_new: false,
    }
}

/// The numbers of the user and group of the image configuration.
fn resolve(subject: &Subject<'_, '_>, config: &str) -> RunUser {
    let (user, group) = match config.split_once(':') {
        Some((user, group)) => (user, Some(group)),
        None => (config, None),
    };
    let accounts = &subject.accounts;
    // A name comes before a number, as in runc.
    let account = accounts.user(user);
    let number = user.parse().ok();
    let account = account.or_else(|| accounts.users.iter().find(|user| Some(user.uid) == number));
    let uid = account
        .map(|account| account.uid)
        .or(number)
        .unwrap_or_default();
    let gid = match group {
        Some(group) => {
            let mut groups = accounts.groups.iter();
            let known = groups.find(|(name, _)| name == group).map(|&(_, gid)| gid);
            known.or_else(|| group.parse().ok()).unwrap_or_default()
        }
        None => account.map_or(0, |account| account.gid),
    };
    let reason = if number.is_some() {
        "the user of the image".to_owned()
    } else {
        format!("the user `{}` of the image", escape(config))
    };
    RunUser {
        uid,
        gid,
        reason,
        is_new: false,
    }
}

/// The user for an image that runs as root without need: the owner of its files, if there is one
/// other than root.
fn ordinary(subject: &Subject<'_, '_>) -> RunUser {
    let tree = &subject.slimming.image.tree;
    let mut owners = BTreeSet::new();
    for &name in subject.plan.kept() {
        let header = &tree.inode(name).header;
        if ORDINARY.contains(&header.uid) {
            owners.insert((header.uid, header.gid));
        }
    }
    let mut owners = owners.into_iter();
    match (owners.next(), owners.next()) {
        (Some((uid, gid)), None) => RunUser {
            uid,
            gid,
            reason: "no kept program needs root, and this user owns files of the image".to_owned(),
            is_new: true,
        },
        _ => RunUser {
            uid: NOBODY_ELSE,
            gid: NOBODY_ELSE,
            reason: "no kept program needs root, and every kept file is readable".to_owned(),
            is_new: true,
        },
    }
}

/// The reason why a container cannot run as a user.
fn obstacle(subject: &Subject<'_, '_>, found: &Found, user: &RunUser) -> Option<String> {
    if let Some(path) = subject.first_unreadable(user.uid, user.gid) {
        return Some(format!("{path} is not readable by another user"));
    }
    let tree = &subject.slimming.image.tree;
    // An engine creates a volume with the owner of the image's directory, or of root if there is
    // none.
    for place in found.volumes() {
        let is_writable = match tree.resolve(place) {
            Ok(resolved) => user.identity().may(tree.inode(resolved.name), 0o2),
            Err(_) => false,
        };
        if !is_writable {
            let path = escape_bytes(place);
            return Some(format!("the volume {path} belongs to root"));
        }
    }
    None
}
