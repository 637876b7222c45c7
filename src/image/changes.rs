//! What a layer did to the file system below it: the names that it made, named again, replaced and
//! removed.

use std::ops::Range;

use super::tree::NameId;

/// The changes of one layer. Names that are gone keep their rows in the tree, so their paths and
/// sizes are still told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// The rows of the names that it made, for [`Tree::names`](super::Tree::names).
    pub made: Range<usize>,
    /// Directories of lower layers that it names again, perhaps with another header; in the order
    /// of rows.
    pub declared: Vec<NameId>,
    /// Names that it took away, in the order in which it did: mostly of lower layers, its own where
    /// it names one twice.
    pub gone: Vec<Gone>,
}

/// A name that is no longer there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone {
    pub name: NameId,
    pub how: How,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum How {
    /// The layer has an entry of the same path.
    Replaced,
    /// A whiteout hides it, or the directory it was in is replaced.
    Removed,
}
