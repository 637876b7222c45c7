//! Limits on the work of one run.
//!
//! Each reader limits what it takes of one file. An image may have a hundred thousand files, or one
//! file under a hundred thousand names, so what they take together is limited too. What exceeds a
//! limit gets a note.

/// Bytes of shell scripts; parsing takes about a quarter of a second per million.
const SCRIPTS: u64 = 32 << 20;
/// Bytes of sources of other languages.
const SOURCES: u64 = 512 << 20;
/// Bytes of texts of applications.
const TEXTS: u64 = 512 << 20;
/// Bytes that archives inflate to.
const ARCHIVES: u64 = 2 << 30;

/// The rest of each limit.
#[derive(Debug)]
pub(super) struct Effort {
    pub(super) scripts: Allowance,
    pub(super) sources: Allowance,
    pub(super) texts: Allowance,
    pub(super) archives: Allowance,
}

impl Default for Effort {
    fn default() -> Self {
        Self {
            scripts: Allowance(SCRIPTS),
            sources: Allowance(SOURCES),
            texts: Allowance(TEXTS),
            archives: Allowance(ARCHIVES),
        }
    }
}

#[derive(Debug)]
pub(super) struct Allowance(u64);

impl Allowance {
    /// Takes as many; false, and nothing is taken, where there are not as many left.
    pub(super) fn spend(&mut self, amount: usize) -> bool {
        // A file that does not fit leaves the rest as it is, so that smaller files after it are
        // still analyzed.
        let left = self.0.checked_sub(amount as u64);
        self.0 = left.unwrap_or(self.0);
        left.is_some()
    }

    pub(super) fn left(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_what_is_left_takes_nothing() {
        let mut allowance = Allowance(10);
        assert!(allowance.spend(4));
        assert!(!allowance.spend(7));
        assert_eq!(allowance.left(), 6);
        assert!(allowance.spend(6));
    }
}
