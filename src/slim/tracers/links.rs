//! The directory a name is in, and what a symbolic link leads to.

use crate::image::{Kind, NameId};
use crate::slim::trace::Trace;
use crate::slim::why::Why;

/// A link that leads nowhere keeps what is there of its way: a program may create the rest.
pub(super) fn trace(trace: &mut Trace<'_>, name: NameId) {
    let tree = trace.tree();
    trace
        .graph
        .keep(tree.parent(name), Some(name), Why::Directory);
    let Kind::Symlink { target } = &tree.inode(name).kind else {
        return;
    };
    match tree.resolve_from(tree.parent(name), target) {
        Ok(resolved) => {
            trace.graph.keep(resolved.name, Some(name), Why::Target);
            trace.keep_way(resolved.name, &resolved.crossed);
        }
        Err(error) => trace.keep_way(name, error.crossed()),
    }
}
