//! The record of tests: what was run, with which image, and how it ended.

use super::engine::EngineKind;
use super::trial::Trial;

/// The trials of an image and of its slimmed version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub engine: EngineKind,
    pub original: Trial,
    /// With the files of the plan alone.
    pub slimmed: Trial,
    /// `None` if the test passed, or nothing was to be healed.
    pub healing: Option<Healing>,
}

/// The search for the files that a test needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Healing {
    /// The last trial, with the added files.
    pub trial: Trial,
    /// Paths that were added to the plan, sorted; empty if the test passes with none.
    pub added: Vec<Vec<u8>>,
    /// Paths that the test asked for and that `--drop` excludes, sorted.
    pub excluded: Vec<Vec<u8>>,
    /// Whether each of the added paths is known to be needed.
    pub is_minimal: bool,
    /// The number of test runs.
    pub runs: usize,
}

impl Record {
    /// Whether the image that is written passes the tests.
    pub fn has_passed(&self) -> bool {
        match &self.healing {
            Some(healing) => healing.trial.has_passed(),
            None => self.slimmed.has_passed(),
        }
    }

    /// Paths that were added to the plan.
    pub fn added(&self) -> &[Vec<u8>] {
        match &self.healing {
            Some(healing) if healing.trial.has_passed() => &healing.added,
            _ => &[],
        }
    }
}
