//! Sizes and counts as people read them.

pub(super) use crate::size::{counted, size};
