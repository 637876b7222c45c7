//! How long work tells of itself, so that whoever started it can draw a bar.

/// Told what goes on. Called from several threads at once.
pub trait Progress: Sync {
    /// Work of `total` bytes begins; what was before it is over.
    fn start(&self, what: &str, total: u64);
    /// Some bytes of it are done.
    fn advance(&self, bytes: u64);
}

/// Nobody watches.
#[derive(Clone, Copy, Debug)]
pub struct Silent;

impl Progress for Silent {
    fn start(&self, _what: &str, _total: u64) {}

    fn advance(&self, _bytes: u64) {}
}
