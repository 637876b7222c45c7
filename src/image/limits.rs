//! Limits on the memory, disk space and time that reading an image may take.

use std::sync::atomic::{AtomicU64, Ordering};

use super::error::ReadError;

/// An image that goes beyond one of these is refused. The defaults are far above what real images
/// need, and those that a real image could meet are set on the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of all layers together, uncompressed, the holes of sparse files counted.
    pub uncompressed: u64,
    /// The factor by which a layer, the holes of sparse files counted, may be larger than its blob.
    /// All layers together may exceed that by 64 MiB. The number of entries and the bytes of names
    /// and extension headers are limited in the same way.
    pub ratio: u64,
    /// Entries of all layers together, and directories that only follow from them.
    pub entries: usize,
    /// Bytes of all names and extension headers together: these are kept in memory.
    pub headers: u64,
    /// Layers of one image.
    pub layers: usize,
    /// Bytes of one PAX header or long name, as in Go's reader, through which every container
    /// engine sees layers.
    pub header: u64,
    /// Bytes of the name of an entry or the target of a link: Linux's `PATH_MAX`.
    pub path: usize,
    /// Components of the name of an entry.
    pub depth: usize,
    /// Bytes of a manifest, an index or a configuration: as many as skopeo and Podman read.
    pub json: u64,
}

/// Bytes by which the layers of an image may together become larger than their ratio allows.
const EXCESS_BYTES: u64 = 64 << 20;
/// Bytes of names and extension headers by which the layers of an image may together exceed those
/// that fit their size.
const EXCESS_HEADERS: u64 = 64 << 20;
/// Uncompressed bytes, as the ratio counts them, for which a blob may have one byte of names and
/// extension headers. At the usual ratio a blob may have 30 times its size; real ones have a fourth
/// of it, and twice their size where all files are tiny.
const BYTES_PER_HEADER_BYTE: u64 = 40;
/// Entries by which the layers of an image may together exceed the number that fits their size.
const EXCESS_ENTRIES: u64 = 100_000;
/// Uncompressed bytes, as the ratio counts them, for which a blob may have one entry. At the usual
/// ratio that is an entry for every 10 bytes of the blob; real ones have one for 100 and more.
const BYTES_PER_ENTRY: u64 = 12_000;

impl Default for Limits {
    fn default() -> Self {
        Self {
            uncompressed: 256 << 30,
            ratio: 1200,
            entries: 5_000_000,
            headers: 1 << 30,
            layers: 10_000,
            header: 1 << 20,
            path: 4096,
            depth: 1000,
            json: 4 << 20,
        }
    }
}

impl Limits {
    /// The bytes that a compressed blob of this size may become.
    pub(super) fn inflated(&self, compressed: u64) -> u64 {
        compressed.saturating_mul(self.ratio).min(self.uncompressed)
    }

    /// The entries that a blob of this size may have.
    pub(super) fn entries_of(&self, stored: u64) -> u64 {
        // A header block of 512 bytes shrinks to a few bytes when thousands of similar ones follow
        // each other, so the size alone does not bound the number of entries.
        stored.saturating_mul(self.ratio) / BYTES_PER_ENTRY
    }

    /// The bytes of names and extension headers that a blob of this size may have.
    pub(super) fn headers_of(&self, stored: u64) -> u64 {
        // A PAX header of a megabyte may shrink to a kilobyte.
        stored.saturating_mul(self.ratio) / BYTES_PER_HEADER_BYTE
    }

    /// The error for a blob of `compressed` bytes that decompresses to more than it may.
    pub(super) fn exceeded_by(&self, blob: &str, compressed: u64) -> ReadError {
        let limit = self.inflated(compressed);
        // The smaller of the two limits stopped the blob: name the option that raises that one.
        let flag = if limit == self.uncompressed {
            "--max-size"
        } else {
            "--max-ratio"
        };
        ReadError::Limit {
            blob: blob.to_owned(),
            what: "uncompressed bytes",
            limit,
            flag: Some(flag),
        }
    }

    /// The error for the blob with which all layers together exceed the size limit.
    pub(super) fn exceeded_by_all(&self, blob: &str) -> ReadError {
        let (what, limit) = ("uncompressed bytes of all layers", self.uncompressed);
        ReadError::Limit {
            blob: blob.to_owned(),
            what,
            limit,
            flag: Some("--max-size"),
        }
    }
}

/// The rest of the limits that the blobs of an image share. Layers are read on several threads, so
/// the counters are atomic.
#[derive(Debug)]
pub(super) struct Budget {
    bytes: AtomicU64,
    headers: AtomicU64,
    entries: AtomicU64,
    excess_bytes: AtomicU64,
    excess_headers: AtomicU64,
    excess_entries: AtomicU64,
}

impl Budget {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            bytes: AtomicU64::new(limits.uncompressed),
            headers: AtomicU64::new(limits.headers),
            entries: AtomicU64::new(limits.entries as u64),
            excess_bytes: AtomicU64::new(EXCESS_BYTES),
            excess_headers: AtomicU64::new(EXCESS_HEADERS),
            excess_entries: AtomicU64::new(EXCESS_ENTRIES),
        }
    }

    /// Takes uncompressed bytes; false if fewer are left.
    pub(super) fn spend(&self, bytes: u64) -> bool {
        spend(&self.bytes, bytes)
    }

    /// Takes uncompressed bytes beyond the ratio of their blob.
    pub(super) fn spend_excess(&self, bytes: u64) -> bool {
        spend(&self.excess_bytes, bytes)
    }

    /// Takes bytes of names and extension headers beyond those that fit the size of their blob.
    pub(super) fn spend_excess_headers(&self, bytes: u64) -> bool {
        spend(&self.excess_headers, bytes)
    }

    /// Takes an entry.
    pub(super) fn spend_entry(&self) -> bool {
        spend(&self.entries, 1)
    }

    /// Takes entries beyond those that fit the size of their blob.
    pub(super) fn spend_excess_entries(&self, count: u64) -> bool {
        spend(&self.excess_entries, count)
    }

    /// Takes bytes of names and extension headers.
    pub(super) fn spend_headers(&self, bytes: u64) -> bool {
        spend(&self.headers, bytes)
    }
}

/// Takes an amount from a counter, or leaves it as it is where less is left.
fn spend(budget: &AtomicU64, amount: u64) -> bool {
    // The counters order no other memory, so the relaxed ordering is enough; the checked
    // subtraction keeps a counter from wrapping around to nearly unlimited.
    budget
        .try_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
            left.checked_sub(amount)
        })
        .is_ok()
}

/// Takes an amount from what is left. Returns the part for which it is not enough.
pub(super) fn beyond(left: &mut u64, amount: u64) -> u64 {
    let covered = amount.min(*left);
    *left -= covered;
    amount - covered
}
