//! Leftovers of applications and packages: history, caches, tests, what installs packages.

use std::collections::HashSet;

use super::{directories, node, python};
use crate::image::{NameId, Tree};

/// Names of a walk, in which a directory comes before what is in it, without what applications and
/// packages leave behind or are developed with: history, caches, tests of packages, what installs
/// packages. A tracer keeps of the last what a source asks for.
pub(in crate::slim) fn without_leftovers(
    tree: &Tree,
    walk: impl Iterator<Item = NameId>,
) -> Vec<NameId> {
    let mut left_out = HashSet::new();
    let mut needed = Vec::new();
    for name in walk {
        // The walk visits a directory first, so a name below one that is left out only has to ask
        // for its parent.
        let is_left_out = left_out.contains(&tree.parent(name))
            || directories::is_waste(tree, name)
            || node::is_left_out(tree, name)
            || python::is_left_out_of_site(tree, name);
        if is_left_out {
            left_out.insert(name);
        } else {
            needed.push(name);
        }
    }
    needed
}
