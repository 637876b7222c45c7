//! What the modes of kept files permit a user to do.

use super::subject::Subject;
use crate::image::{Inode, Kind, NameId};
use crate::printable::escape_bytes;
use crate::slim::{Because, Root, Why};

/// The first kept file that a user cannot read, with the directories on its path.
pub(super) fn first_unreadable(subject: &Subject<'_, '_>, uid: u64, gid: u64) -> Option<String> {
    let tree = &subject.slimming.image.tree;
    let mut is_open = vec![true; tree.name_count()];
    for &name in subject.plan.kept() {
        let inode = tree.inode(name);
        let parent = tree.parent(name);
        let is_reachable = name == NameId::ROOT || is_open[parent.index()];
        match inode.kind {
            // The kept names are in tree order: a directory comes before its entries.
            Kind::Directory => {
                is_open[name.index()] = is_reachable && permits(inode, uid, gid, 0o1);
            }
            Kind::File(_) if !is_reachable || !permits(inode, uid, gid, 0o4) => {
                if is_read(subject, name) {
                    return Some(escape_bytes(&tree.path(name)));
                }
            }
            _ => {}
        }
    }
    None
}

/// Whether a program reads a file for its work. Rules for every image keep files that only programs
/// of the system read, with privileges of their own.
fn is_read(subject: &Subject<'_, '_>, name: NameId) -> bool {
    let file_name = subject.slimming.image.tree.file_name(name);
    // Passwords are checked by programs that run as root, or with a helper that does.
    if matches!(
        file_name,
        b"shadow" | b"gshadow" | b"shadow-" | b"gshadow-" | b"opasswd"
    ) {
        return false;
    }
    subject.plan.reasons(name).iter().any(|reason| {
        !matches!(
            reason.why,
            Why::Directory
                | Why::Root(
                    Root::PackageDatabase
                        | Root::Rule {
                            because: Because::Always,
                            ..
                        }
                )
                | Why::Record { .. }
                | Why::Rule {
                    because: Because::Always,
                    ..
                }
        )
    })
}

/// Whether the mode of a file gives a user a permission: `0o4` to read, `0o2` to write, `0o1` to
/// execute or search.
pub(super) fn permits(inode: &Inode, uid: u64, gid: u64, permission: u32) -> bool {
    let header = &inode.header;
    let shift = if header.uid == uid {
        6
    } else if header.gid == gid {
        3
    } else {
        0
    };
    header.mode >> shift & permission != 0
}
