//! Module graphs: which file of an application imports which, one language a directory.

pub(super) mod node;
