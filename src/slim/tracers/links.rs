//! The tracer of directories and symbolic links: it keeps the directory a name is in, and the
//! target of a link.

use crate::image::{Kind, NameId};
use crate::slim::keep::Keep;
use crate::slim::tracer::Tracer;
use crate::slim::why::Why;

pub(super) struct LinkTracer;

impl Tracer for LinkTracer {
    /// A link that leads nowhere keeps what is there of its way: a program may create the rest.
    fn trace(&mut self, keep: &mut Keep<'_>, name: NameId) {
        let tree = keep.tree();
        keep.graph
            .keep(tree.parent(name), Some(name), Why::Directory);
        // Only symlinks have a target; hard links are names of the same file.
        let Kind::Symlink { target } = &tree.inode(name).kind else {
            return;
        };
        // Relative targets begin at the directory of the link.
        match tree.resolve_from(tree.parent(name), target) {
            Ok(resolved) => {
                keep.graph.keep(resolved.name, Some(name), Why::Target);
                keep.keep_way(resolved.name, &resolved.crossed);
            }
            // `/var/lock` and the like lead into `/run`, which is empty until the container starts.
            Err(error) => keep.keep_way(name, error.crossed()),
        }
    }
}
