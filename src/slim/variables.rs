//! Variables of shell scripts with their possible values, in bounds.

use std::collections::{BTreeMap, BTreeSet};

use crate::image::Config;

/// Maximum number of values of a variable; with more, it counts as unknown.
pub(super) const MAX_VALUES: usize = 32;
/// Maximum length of a value in bytes, so that a repeated `A=$A$A` does not exhaust the memory. No
/// path is longer.
pub(super) const MAX_VALUE: usize = 4096;
/// Maximum number of known variables. Scripts have a few dozen.
pub(super) const MAX_VARIABLES: usize = 4096;

/// Variables by their names.
#[derive(Clone, Debug, Default)]
pub(super) struct Variables(BTreeMap<String, BTreeSet<String>>);

impl Variables {
    /// The variables that an image sets, and the shell from its configuration.
    pub(super) fn of(config: &Config) -> Self {
        let mut variables = Self::default();
        for entry in config.env() {
            if let Some((name, value)) = entry.split_once('=') {
                variables.add(name, value.to_owned(), 0);
            }
        }
        // The shell sets PWD when it starts.
        variables.add("PWD", config.working_dir().to_owned(), 0);
        variables
    }

    /// Adds a value, where there are `others` besides these variables. Returns true if it is new.
    pub(super) fn add(&mut self, name: &str, value: String, others: usize) -> bool {
        let is_known = self.0.contains_key(name);
        if value.len() > MAX_VALUE || (!is_known && self.0.len() + others >= MAX_VARIABLES) {
            return false;
        }
        let known = self.0.entry(name.to_owned()).or_default();
        known.len() < MAX_VALUES && known.insert(value)
    }

    /// Gives a variable the values that it has elsewhere, unless it is known here.
    pub(super) fn take_over(&mut self, name: &str, values: &BTreeSet<String>) {
        if !self.0.contains_key(name) {
            self.0.insert(name.to_owned(), values.clone());
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&BTreeSet<String>> {
        self.0.get(name)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
