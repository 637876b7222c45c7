//! The work of following modules, which is limited.
//!
//! An image may multiply two of its lists: each module that a source names is looked up in each
//! directory of a search path, a file may belong to many distributions, and an import may begin
//! with the names of all modules of a package. Each of these counts its steps, and all of them stop
//! once too many were made. The packages are then kept as a whole.

use std::cell::Cell;

/// Steps for an image, and more for each name in it: a step takes about 60 nanoseconds. Images
/// with a gigabyte of packages need a fourth.
const STEPS: usize = 64 << 20;
const STEPS_FOR_NAME: usize = 128;

/// The steps for a module that is reached, or a file that may be data: names are compared and
/// copied.
pub(super) const VISIT: usize = 8;
/// The steps for a file that is recorded for a distribution, which takes up to 8 bytes.
pub(super) const FILE: usize = 6;
/// The steps for a name that a source contains, which takes about 64 bytes.
pub(super) const NAME: usize = 24;
/// The steps for a reason to keep a file, which takes about 150 bytes.
pub(super) const REASON: usize = 64;
/// The steps for a line that is parsed by itself.
pub(super) const LINE: usize = 64;
/// Bytes of a text that take as much as a step.
pub(super) const BYTES: usize = 8;
/// Bytes of machine code that are searched for a name in the time of a step.
pub(super) const SEARCHED: usize = 256;

/// The steps that are left.
#[derive(Debug, Default)]
pub(super) struct Work(Cell<usize>);

impl Work {
    /// The work for an image with this number of names.
    pub(super) fn new(names: usize) -> Self {
        Self(Cell::new(
            STEPS.saturating_add(STEPS_FOR_NAME.saturating_mul(names)),
        ))
    }

    /// Counts steps. Returns false, from then on, once there are too many.
    pub(super) fn spend(&self, steps: usize) -> bool {
        let left = self.0.get().checked_sub(steps);
        self.0.set(left.unwrap_or_default());
        left.is_some()
    }

    pub(super) fn is_used_up(&self) -> bool {
        self.0.get() == 0
    }

    #[cfg(test)]
    pub(super) fn of(steps: usize) -> Self {
        Self(Cell::new(steps))
    }

    pub(super) fn left(&self) -> usize {
        self.0.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_after_too_many_steps() {
        let work = Work::new(1);
        assert_eq!(work.left(), STEPS + STEPS_FOR_NAME);
        assert!(work.spend(STEPS) && !work.is_used_up());
        assert!(!work.spend(STEPS_FOR_NAME + 1));
        assert!(!work.spend(1) && work.is_used_up());
    }
}
