//! Background checks of the digests of uncompressed layers while their files are analyzed.
//!
//! Hashing takes as long as planning, and uses another core. Results based on unchecked data must
//! not be shown or written before [`Checks::finish`] succeeds.

use std::collections::HashSet;
use std::panic::resume_unwind;
use std::thread::{self, JoinHandle};

use oci_spec::image::Digest;
use rayon::prelude::*;

use super::blob::Blob;
use super::digest::{sha256_of, verify};
use super::error::ReadError;
use super::inflate::Compression;
use super::layer::Source;
use super::progress::Silent;

/// The checks that are running.
#[derive(Debug)]
#[must_use = "an image must not be used until its digests are checked"]
pub struct Checks {
    thread: Option<JoinHandle<Vec<ReadError>>>,
}

/// One layer to check.
struct Check {
    name: String,
    blob: Blob,
    digest: Option<Digest>,
    diff_id: String,
}

impl Checks {
    /// No checks: everything was verified while it was read.
    pub(super) fn none() -> Self {
        Self { thread: None }
    }

    /// Starts to check the layers for which [`can_wait`] holds.
    pub(super) fn start(sources: &[Source]) -> Self {
        let mut seen = HashSet::new();
        let mut checks = Vec::new();
        for source in sources {
            // A manifest may name one member for thousands of layers.
            if can_wait(source) && seen.insert((&source.name, &source.diff_id)) {
                checks.push(Check {
                    name: source.name.clone(),
                    blob: source.blob.clone(),
                    digest: source.digest.clone(),
                    diff_id: source.diff_id.clone(),
                });
            }
        }
        // Compressed layers are checked while they are decompressed.
        if checks.is_empty() {
            return Self::none();
        }
        // rayon keeps the order of the layers, so the error does not depend on which check ends
        // first.
        let thread = thread::spawn(move || checks.par_iter().filter_map(Check::run).collect());
        Self {
            thread: Some(thread),
        }
    }

    /// Waits for the checks. An error names the lowest layer whose digest is wrong.
    pub fn finish(self) -> Result<(), ReadError> {
        let Some(thread) = self.thread else {
            return Ok(());
        };
        // A panic in a check is a bug: it must not look like a correct digest.
        let failures = thread.join().unwrap_or_else(|panic| resume_unwind(panic));
        match failures.into_iter().next() {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }
}

impl Check {
    fn run(&self) -> Option<ReadError> {
        // Docker archives only state diff ids; that of an uncompressed layer is the SHA-256 digest
        // of the blob.
        let is = match &self.digest {
            Some(expected) => verify(&self.name, &self.blob, expected, &Silent),
            None => sha256_of(&self.name, &self.blob, &Silent),
        };
        match is {
            Ok(is) if is == self.diff_id => None,
            Ok(is) => Some(ReadError::DiffIdMismatch {
                blob: self.name.clone(),
                said: self.diff_id.clone(),
                is,
            }),
            Err(error) => Some(error),
        }
    }
}

/// Whether a layer is uncompressed, so that its digest and diff id are the same hash, which is not
/// needed to read the layer.
pub(super) fn can_wait(source: &Source) -> bool {
    let is_sha256 = match &source.digest {
        Some(digest) => digest.to_string().starts_with("sha256:"),
        None => true,
    };
    // A blob that cannot be read is not deferred: the error should come now.
    let is_plain = source
        .blob
        .head()
        .is_ok_and(|head| Compression::of(&head) == Compression::None);
    is_plain && is_sha256 && source.diff_id.starts_with("sha256:")
}
