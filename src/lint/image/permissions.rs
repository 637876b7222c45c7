//! Permissions of a user for kept files.

use crate::image::{Inode, Kind, NameId, Tree};
use crate::slim::{Because, Plan, Root, Why};

/// A user with the groups that count for access to files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub uid: u64,
    pub gids: Vec<u64>,
}

impl Identity {
    /// Whether the mode of a file gives the user a permission: `0o4` to read, `0o2` to write, `0o1`
    /// to execute or search.
    pub fn may(&self, inode: &Inode, permission: u32) -> bool {
        let header = &inode.header;
        let shift = if header.uid == self.uid {
            6
        } else if self.gids.contains(&header.gid) {
            3
        } else {
            0
        };
        header.mode >> shift & permission != 0
    }
}

/// The first kept file that a user cannot read, also because of the directories on its path.
pub fn first_unreadable(tree: &Tree, plan: &Plan, user: &Identity) -> Option<NameId> {
    let mut is_open = vec![true; tree.name_count()];
    for &name in plan.kept() {
        let inode = tree.inode(name);
        let parent = tree.parent(name);
        let is_reachable = name == NameId::ROOT || is_open[parent.index()];
        match inode.kind {
            // The kept names are in tree order: a directory comes before its entries.
            Kind::Directory => {
                is_open[name.index()] = is_reachable && user.may(inode, 0o1);
            }
            Kind::File(_)
                if (!is_reachable || !user.may(inode, 0o4)) && is_read(tree, plan, name) =>
            {
                return Some(name);
            }
            _ => {}
        }
    }
    None
}

/// Whether a program reads a file for its work. Rules for every image keep files that only programs
/// of the system read, with privileges of their own.
fn is_read(tree: &Tree, plan: &Plan, name: NameId) -> bool {
    let file_name = tree.file_name(name);
    // Passwords are checked by programs that run as root, or with a helper that does.
    if matches!(
        file_name,
        b"shadow" | b"gshadow" | b"shadow-" | b"gshadow-" | b"opasswd"
    ) {
        return false;
    }
    plan.reasons(name).iter().any(|reason| {
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
