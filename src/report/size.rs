//! Human-readable sizes and counts.

pub(super) use crate::size::{counted, size};
