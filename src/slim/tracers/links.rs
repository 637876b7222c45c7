//! Tracer for directories and symlinks: keeps the parent directory of a name, and the target of a
//! symlink.

use crate::image::{Kind, NameId};
use crate::slim::keep::Keep;
use crate::slim::tracer::Tracer;
use crate::slim::why::Why;

pub(super) struct LinkTracer;

impl Tracer for LinkTracer {
    /// For a dangling symlink, the existing part of its target path is kept, because a program may
    /// create the rest.
    fn trace(&mut self, keep: &mut Keep<'_>, name: NameId) {
        let tree = keep.tree();
        keep.graph
            .keep(tree.parent(name), Some(name), Why::Directory);
        // Only symlinks have a target; hard links are names of the same file.
        let Kind::Symlink { target } = &tree.inode(name).kind else {
            return;
        };
        // Relative targets start in the directory of the symlink.
        match tree.resolve_from(tree.parent(name), target) {
            Ok(resolved) => {
                keep.graph.keep(resolved.name, Some(name), Why::Target);
                keep.keep_way(resolved.name, &resolved.crossed);
            }
            // Symlinks such as `/var/lock` lead to `/run`, which is empty until the container
            // starts.
            Err(error) => keep.keep_way(name, error.crossed()),
        }
    }
}
