//! Limits on the work of a run.
//!
//! Each reader limits the work for one file. An image may have a hundred thousand files, or one
//! file with a hundred thousand names, so the total is limited too. Files that exceed a limit are
//! reported in notes.

/// Bytes of shell scripts; parsing takes about a quarter of a second per megabyte.
const SCRIPTS: u64 = 16 << 20;
/// Bytes of values of variables in shell scripts: 20 times the text of all scripts that a large
/// image has.
const VALUES: u64 = 256 << 20;
/// Bytes of source files in other languages.
const SOURCES: u64 = 512 << 20;
/// Bytes of modules that are parsed; it takes about a second per 80 MB.
const MODULES: u64 = 512 << 20;
/// Bytes of texts of applications.
const TEXTS: u64 = 512 << 20;
/// Bytes of the manifests of packages, as JSON.
const MANIFESTS: u64 = 64 << 20;
/// Names that are compared with patterns in scripts and configuration files.
const PATTERNS: u64 = 2 << 20;
/// Bytes of systemd unit files and of the commands in them.
const UNITS: u64 = 16 << 20;
/// Bytes that archives inflate to.
const ARCHIVES: u64 = 2 << 30;
/// Reasons that tracers give for names, known ones included, and more for each name of the image.
/// Whatever multiplies two lists ends here, such as the interpreters of an image and the files of
/// their library: a reason takes about 300 nanoseconds.
const REASONS: u64 = 4 << 20;
const REASONS_FOR_NAME: u64 = 32;
/// Different reasons that are recorded, and more for each name: each takes up to 400 bytes.
const RECORDED: usize = 128 << 10;
const RECORDED_FOR_NAME: usize = 2;

/// The remaining budget of each limit.
#[derive(Debug)]
pub(super) struct Effort {
    pub(super) scripts: Allowance,
    pub(super) values: Allowance,
    pub(super) sources: Allowance,
    pub(super) modules: Allowance,
    pub(super) texts: Allowance,
    pub(super) manifests: Allowance,
    pub(super) patterns: Allowance,
    pub(super) units: Allowance,
    pub(super) archives: Allowance,
}

impl Default for Effort {
    fn default() -> Self {
        Self {
            scripts: Allowance(SCRIPTS),
            values: Allowance(VALUES),
            sources: Allowance(SOURCES),
            modules: Allowance(MODULES),
            texts: Allowance(TEXTS),
            manifests: Allowance(MANIFESTS),
            patterns: Allowance(PATTERNS),
            units: Allowance(UNITS),
            archives: Allowance(ARCHIVES),
        }
    }
}

/// The reasons that all tracers may give for an image with this number of names.
pub(super) fn reasons(names: usize) -> Allowance {
    Allowance(REASONS + REASONS_FOR_NAME * names as u64)
}

/// The number of different reasons that are recorded for an image with this number of names.
pub(super) fn recorded_reasons(names: usize) -> usize {
    RECORDED + RECORDED_FOR_NAME * names
}

#[derive(Clone, Debug)]
pub(super) struct Allowance(u64);

impl Allowance {
    /// An allowance that no image uses up, for patterns that are built in.
    pub(super) fn unlimited() -> Self {
        Self(u64::MAX)
    }

    /// Subtracts an amount; false, without subtracting anything, if less is left.
    pub(super) fn spend(&mut self, amount: usize) -> bool {
        // A file that does not fit does not use up the budget, so that smaller files after it are
        // still analyzed.
        let left = self.0.checked_sub(amount as u64);
        self.0 = left.unwrap_or(self.0);
        left.is_some()
    }

    /// Ends the work that it is for.
    pub(super) fn use_up(&mut self) {
        self.0 = 0;
    }

    pub(super) fn is_used_up(&self) -> bool {
        self.0 == 0
    }

    pub(super) fn left(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_allowance_that_is_too_small_is_not_spent() {
        let mut allowance = Allowance(10);
        assert!(allowance.spend(4));
        assert!(!allowance.spend(7));
        assert_eq!(allowance.left(), 6);
        assert!(allowance.spend(6));
    }
}
