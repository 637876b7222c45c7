//! Leftovers of applications and packages: history, caches, tests, package installers.

use std::collections::HashSet;

use super::{directories, python};
use crate::image::{NameId, Tree};
use crate::slim::modules::node::{Installed, leftovers};

/// Filters the names of a walk, in which a directory comes before its entries: removes leftovers
/// and development files of applications and packages, such as history, caches, tests of packages
/// and package installers, and the packages that only requests keep. A tracer keeps package
/// installers that a source file imports.
pub(in crate::slim) fn without_leftovers(
    tree: &Tree,
    installed: &Installed,
    walk: impl Iterator<Item = NameId>,
) -> Vec<NameId> {
    let mut left_out = HashSet::new();
    let mut needed = Vec::new();
    for name in walk {
        // The walk visits directories first, so for a name below a removed directory only its
        // parent must be checked.
        let is_left_out = left_out.contains(&tree.parent(name))
            || installed.is_entry(name)
            || directories::is_waste(tree, name)
            || leftovers::is_left_out(tree, name)
            || python::is_left_out_of_site(tree, name);
        if is_left_out {
            left_out.insert(name);
        } else {
            needed.push(name);
        }
    }
    needed
}
