//! The modules that applications load: what a source imports, and the files that provide it.

pub(super) mod imports;
pub(super) mod node;
pub(super) mod python;
