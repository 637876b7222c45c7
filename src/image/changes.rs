//! The changes that a layer makes to the file system below it: names that it added, declared again,
//! replaced and removed.

use std::ops::Range;

use super::tree::NameId;

/// The changes of one layer. Removed names keep their rows in the tree, so their paths and sizes
/// are still known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// The rows of the names that it added, for use with [`Tree::names`](super::Tree::names).
    pub made: Range<usize>,
    /// Directories of lower layers that it has an entry for, perhaps with another header, in the
    /// order of rows.
    pub declared: Vec<NameId>,
    /// Directories that it added without an entry for them, by entries below, in the order of rows.
    pub implied: Vec<NameId>,
    /// Names that it removed, in order of removal: mostly of lower layers, but its own if it has
    /// two entries for one path.
    pub gone: Vec<Gone>,
}

/// A name that a layer removed, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone {
    pub name: NameId,
    pub how: How,
}

/// The way in which a name was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum How {
    /// The layer has an entry with the same path.
    Replaced,
    /// A whiteout hides it, or the directory it was in is replaced.
    Removed,
}
