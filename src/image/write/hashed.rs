//! A writer that counts its bytes and hashes them on a separate thread.

use std::io::{self, Write};
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::mpsc::{self, SyncSender};
use std::thread::{self, JoinHandle};

use sha2::{Digest as _, Sha256};

use super::super::digest;

/// Number of bytes that are passed to the thread at once: with small writes, messages would cost
/// more than hashing.
const CHUNK: usize = 256 << 10;
/// Maximum number of chunks waiting to be hashed, to limit memory if writing is faster.
const AHEAD: usize = 8;

/// A writer that hashes.
pub(super) struct Hashed<W> {
    inner: W,
    pending: Vec<u8>,
    count: u64,
    hashing: SyncSender<Arc<Vec<u8>>>,
    thread: JoinHandle<Sha256>,
}

impl<W: Write> Hashed<W> {
    pub(super) fn new(inner: W) -> Self {
        let (hashing, chunks) = mpsc::sync_channel::<Arc<Vec<u8>>>(AHEAD);
        let thread = thread::spawn(move || {
            let mut hasher = Sha256::new();
            for chunk in chunks {
                hasher.update(&**chunk);
            }
            hasher
        });
        Self {
            inner,
            pending: Vec::with_capacity(CHUNK),
            count: 0,
            hashing,
            thread,
        }
    }

    /// Returns the inner writer, the digest of all bytes, and their number.
    pub(super) fn finish(mut self) -> io::Result<(W, String, u64)> {
        self.flush_pending()?;
        // When the sender is dropped, the thread's input ends.
        drop(self.hashing);
        let hasher = self
            .thread
            .join()
            .unwrap_or_else(|panic| resume_unwind(panic));
        Ok((self.inner, digest::text(hasher), self.count))
    }

    fn flush_pending(&mut self) -> io::Result<()> {
        // Both threads read the same chunk, so it is shared rather than copied.
        let chunk = Arc::new(std::mem::replace(
            &mut self.pending,
            Vec::with_capacity(CHUNK),
        ));
        self.hashing
            .send(Arc::clone(&chunk))
            .map_err(io::Error::other)?;
        self.inner.write_all(&chunk)
    }
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(CHUNK - self.pending.len());
        self.pending.extend_from_slice(&bytes[..taken]);
        self.count += taken as u64;
        if self.pending.len() == CHUNK {
            self.flush_pending()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.flush_pending()?;
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_written_is_hashed_and_counted() {
        for size in [0, 1, CHUNK - 1, CHUNK, CHUNK * 3 + 5] {
            let bytes = vec![7; size];
            let mut hashed = Hashed::new(Vec::new());
            bytes
                .chunks(1000)
                .for_each(|part| hashed.write_all(part).unwrap());
            let (written, digest, count) = hashed.finish().unwrap();
            assert!(written == bytes && count == size as u64, "{size}");
            assert_eq!(digest, digest::sha256(&bytes));
        }
    }
}
