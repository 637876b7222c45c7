//! Databases of SQLite that the build created: the program writes to them, and to a journal beside
//! them.

use super::candidates::Found;
use super::paths::{is_essential, parent};
use super::place::Mount;
use super::subject::Subject;
use crate::image::{Kind, NameId};
use crate::printable::escape_bytes;
use crate::slim::{Root, Why};

/// Source: <https://www.sqlite.org/fileformat.html#magic_header_string>
const MAGIC: &[u8] = b"SQLite format 3\0";

/// Adds the directories of these databases. One that was copied into the image may as well be only
/// read.
pub(super) fn add(subject: &Subject<'_, '_>, found: &mut Found) {
    let tree = &subject.slimming.image.tree;
    for &name in subject.plan.kept() {
        let inode = tree.inode(name);
        if !matches!(inode.kind, Kind::File(_)) || !is_made(subject, name) {
            continue;
        }
        let view = subject.slimming.view();
        if view.head(tree.inode_id(name), MAGIC.len()) != MAGIC {
            continue;
        }
        let path = tree.path(name);
        let directory = parent(&path);
        let reason = format!(
            "{} is a database that the build created",
            escape_bytes(&path)
        );
        if is_essential(directory) {
            found.warn(format!(
                "{reason}, and a read-only root file system does not allow to write to it"
            ));
        } else {
            found.add(directory.to_vec(), Mount::Volume, reason);
        }
    }
}

fn is_made(subject: &Subject<'_, '_>, name: NameId) -> bool {
    let mut reasons = subject.plan.reasons(name).iter();
    reasons.any(|reason| matches!(reason.why, Why::Root(Root::Made { .. })))
}
