//! Progress reporting: long operations call back so that the CLI can draw a bar.

/// Receives the progress of an operation. It is called from several threads at once.
pub trait Progress: Sync {
    /// Starts a step of `total` bytes, or of unknown size if 0. The previous step is finished.
    fn start(&self, what: &str, total: u64);
    /// Adds bytes to the progress of the step.
    fn advance(&self, bytes: u64);
}

/// Progress that is not shown.
#[derive(Clone, Copy, Debug)]
pub struct Silent;

impl Progress for Silent {
    fn start(&self, _what: &str, _total: u64) {}

    fn advance(&self, _bytes: u64) {}
}
