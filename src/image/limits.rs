//! Limits on the memory, disk space and time that reading an image may take.

use std::sync::atomic::{AtomicU64, Ordering};

use super::error::ReadError;

/// An image that exceeds one of these is refused. The defaults are far above what real images need,
/// and those that a real image could reach can be set on the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Uncompressed size of all layers together in bytes, including the holes of sparse files.
    pub uncompressed: u64,
    /// The factor by which a layer, the holes of sparse files counted, may be larger than its blob.
    /// All layers together may exceed that by 64 MiB. The number of entries and the bytes of names
    /// and extension headers are limited in the same way.
    pub ratio: u64,
    /// Number of entries in all layers together, including implied directories.
    pub entries: usize,
    /// Total size of all names and extension headers in bytes; these are kept in memory.
    pub headers: u64,
    /// Number of layers in an image.
    pub layers: usize,
    /// Size of a PAX header or long name in bytes, as in Go's reader, which every container engine
    /// uses to read layers.
    pub header: u64,
    /// Length of an entry's name or link target in bytes: Linux's `PATH_MAX`.
    pub path: usize,
    /// Number of components in an entry's name.
    pub depth: usize,
    /// Size of a manifest, an index or a configuration in bytes: the limit of skopeo and Podman.
    pub json: u64,
    /// Size of all these documents together in bytes, each as often as it is read. Real images have
    /// a few kilobytes for each platform.
    pub documents: u64,
    /// Number of platforms that are read one after the other. Each may cost as much as an image;
    /// official images have about ten.
    pub platforms: usize,
}

/// Number of bytes by which the layers of an image may together exceed the ratio.
const EXCESS_BYTES: u64 = 64 << 20;
/// Bytes of names and extension headers by which the layers of an image may together exceed those
/// that fit their size.
const EXCESS_HEADERS: u64 = 64 << 20;
/// Uncompressed bytes, as the ratio counts them, for which a blob may have one byte of names and
/// extension headers. At the usual ratio a blob may have 30 times its size; real ones have a fourth
/// of it, or twice their size if all files are tiny.
const BYTES_PER_HEADER_BYTE: u64 = 40;
/// Entries by which the layers of an image may together exceed the number that fits their size.
const EXCESS_ENTRIES: u64 = 100_000;
/// Number of uncompressed bytes, as allowed by the ratio, per entry of a blob. At the default
/// ratio, that is one entry per 10 bytes of the blob; real blobs have one per 100 bytes or more.
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
            documents: 64 << 20,
            platforms: 100,
        }
    }
}

impl Limits {
    /// The maximum size of a blob after decompression, in bytes.
    pub(super) fn inflated(&self, compressed: u64) -> u64 {
        compressed.saturating_mul(self.ratio).min(self.uncompressed)
    }

    /// The maximum number of entries in a blob of this size.
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
        // The smaller of the two limits was exceeded: name the option that raises it.
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

/// The remaining budget shared by the blobs of an image. Layers are read on several threads, so the
/// counters are atomic.
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

    /// Subtracts uncompressed bytes; false if fewer are left.
    pub(super) fn spend(&self, bytes: u64) -> bool {
        spend(&self.bytes, bytes)
    }

    /// Subtracts uncompressed bytes that exceed the ratio of their blob.
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

    /// Subtracts bytes of names and extension headers.
    pub(super) fn spend_headers(&self, bytes: u64) -> bool {
        spend(&self.headers, bytes)
    }
}

/// The bytes of documents that may still be read from a source of images.
#[derive(Debug)]
pub(super) struct DocumentBudget(AtomicU64);

impl DocumentBudget {
    pub(super) fn new(limits: &Limits) -> Self {
        Self(AtomicU64::new(limits.documents))
    }

    /// Subtracts the bytes of a document; false if fewer are left.
    pub(super) fn spend(&self, bytes: u64) -> bool {
        spend(&self.0, bytes)
    }
}

/// Subtracts an amount from a counter, or leaves it unchanged if less is left.
fn spend(budget: &AtomicU64, amount: u64) -> bool {
    // The counters synchronize no other memory, so relaxed ordering is enough; the checked
    // subtraction prevents wraparound to a huge value.
    budget
        .try_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
            left.checked_sub(amount)
        })
        .is_ok()
}

/// Subtracts an amount from the rest. Returns the part that exceeds it.
pub(super) fn beyond(left: &mut u64, amount: u64) -> u64 {
    let covered = amount.min(*left);
    *left -= covered;
    amount - covered
}
