//! A limit for containers, and for values of pods that all of their containers get a copy of.

use super::super::place::{Place, Problem};
use super::super::yaml::{Budget, WORKLOAD};

/// Maximum length of all copies in a deployment, in bytes.
const MAX_COPIED: usize = 8 << 20;

/// Counts containers and the length of copies.
#[derive(Debug)]
pub(super) struct Copies<'b, 'room> {
    budget: &'b mut Budget<'room>,
    length: usize,
    /// The first place for which there was no room.
    exceeded: Option<Place>,
}

impl<'b, 'room> Copies<'b, 'room> {
    pub(super) fn of(budget: &'b mut Budget<'room>) -> Self {
        Self {
            budget,
            length: 0,
            exceeded: None,
        }
    }

    /// Takes the memory of a container; false if there is no room.
    pub(super) fn take_container(&mut self) -> bool {
        self.budget.take(WORKLOAD)
    }

    /// Takes the length of a copy; false if there is no room.
    pub(super) fn take(&mut self, length: usize, place: Place) -> bool {
        self.length = self.length.saturating_add(length);
        if self.length > MAX_COPIED {
            self.exceeded.get_or_insert(place);
        }
        self.length <= MAX_COPIED
    }

    pub(super) fn problem(self) -> Option<Problem> {
        let place = self.exceeded?;
        let message = "the values that containers share with their pods are too long";
        Some(Problem::new(place, message))
    }
}
