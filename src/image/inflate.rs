//! Decompression of blobs into temporary files, which can be read at any offset.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::panic::resume_unwind;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use flate2::bufread::GzDecoder;
use sha2::{Digest as _, Sha256};

use super::blob::Blob;
use super::digest;
use super::error::ReadError;
use super::limits::{Budget, Limits};
use super::zstd_window::largest_window;

/// The compression of a blob, detected from its first bytes, because media types are not reliable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    None,
    Gzip,
    Zstd,
}

impl Compression {
    pub(super) fn of(bytes: &[u8]) -> Self {
        match bytes {
            [0x1f, 0x8b, ..] => Self::Gzip,
            // The second is a skippable frame, with which some writers of seekable zstd start.
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Self::Zstd,
            _ => Self::None,
        }
    }
}

/// Size of the chunks that one thread passes to the other, in bytes.
const CHUNK: usize = 256 << 10;
/// Maximum number of chunks waiting between the threads. It limits memory usage if the disk is
/// slower than the decoder.
const AHEAD: usize = 8;

/// The largest window that blobs may have which are decompressed at the same time. zstd uses larger
/// ones at its levels above 19 and with `--long`, BuildKit from level 6 on.
const USUAL_WINDOW: u64 = 8 << 20;
/// Held while a blob with a larger window is decompressed: a window may have 128 MiB, and each
/// thread would take as much.
static LARGE_WINDOW: Mutex<()> = Mutex::new(());

/// Decompresses a blob into an unlinked temporary file. Returns the file and its SHA-256.
///
/// One thread decompresses, another hashes and writes.
pub(super) fn inflate(
    name: &str,
    blob: &Blob,
    compression: Compression,
    limits: &Limits,
    budget: &Budget,
) -> Result<(Blob, String), ReadError> {
    let file = tempfile::tempfile().map_err(ReadError::spool(name))?;
    let (full, chunks) = mpsc::sync_channel(AHEAD);
    let (empty, used) = mpsc::channel();
    thread::scope(|scope| {
        let writer = scope.spawn(|| hash_and_write(file, chunks, &empty));
        let decompressed = decompress(
            name,
            blob,
            compression,
            limits,
            budget,
            &Chunks { full, used },
        );
        // The sender is dropped with the chunks, which ends the other thread.
        let written = writer
            .join()
            .unwrap_or_else(|panic| resume_unwind(panic))
            .map_err(ReadError::spool(name));
        // If both failed, the error about an archive that is too large or broken is the better
        // explanation.
        decompressed?;
        written
    })
}

/// The channels that pass chunks to the writing thread and empty ones back, so that they are
/// allocated only once.
struct Chunks {
    full: SyncSender<Vec<u8>>,
    used: Receiver<Vec<u8>>,
}

fn decompress(
    name: &str,
    blob: &Blob,
    compression: Compression,
    limits: &Limits,
    budget: &Budget,
    chunks: &Chunks,
) -> Result<(), ReadError> {
    // Declared before the decoder, so that the next blob has its turn after the decoder is gone.
    let _turn = match compression {
        Compression::Zstd => turn(blob).map_err(ReadError::blob(name))?,
        Compression::None | Compression::Gzip => None,
    };
    let compressed = BufReader::with_capacity(CHUNK, blob.reader());
    let mut reader: Box<dyn Read + '_> = match compression {
        Compression::None => Box::new(compressed),
        Compression::Gzip => Box::new(Gunzip::new(compressed)),
        Compression::Zstd => {
            Box::new(zstd::Decoder::with_buffer(compressed).map_err(ReadError::decompress(name))?)
        }
    };
    let allowed = limits.inflated(blob.size());
    let mut written: u64 = 0;
    loop {
        let mut chunk = chunks.used.try_recv().unwrap_or_default();
        chunk.resize(CHUNK, 0);
        let filled = fill(&mut reader, &mut chunk).map_err(ReadError::decompress(name))?;
        if filled == 0 {
            return Ok(());
        }
        chunk.truncate(filled);
        written += filled as u64;
        // Only the part of this chunk that exceeds the ratio counts; earlier chunks have already
        // been counted.
        let excess = written.saturating_sub(allowed).min(filled as u64);
        if written > limits.uncompressed || !budget.spend_excess(excess) {
            return Err(limits.exceeded_by(name, blob.size()));
        }
        if !budget.spend(filled as u64) {
            return Err(limits.exceeded_by_all(name));
        }
        // The other thread only closes the channel after an error, which the caller reports.
        if chunks.full.send(chunk).is_err() {
            return Ok(());
        }
    }
}

/// Waits until no other blob with a large window is decompressed, if this one has a large window.
fn turn(blob: &Blob) -> io::Result<Option<MutexGuard<'static, ()>>> {
    if largest_window(blob)? <= USUAL_WINDOW {
        return Ok(None);
    }
    // The lock guards nothing, so that a thread panicked while it held it means nothing.
    Ok(Some(
        LARGE_WINDOW.lock().unwrap_or_else(PoisonError::into_inner),
    ))
}

/// Hashes and writes the chunks in the order in which they arrive.
fn hash_and_write(
    mut file: File,
    chunks: Receiver<Vec<u8>>,
    empty: &mpsc::Sender<Vec<u8>>,
) -> io::Result<(Blob, String)> {
    let mut hasher = Sha256::new();
    for chunk in chunks {
        hasher.update(&chunk);
        file.write_all(&chunk)?;
        // The decoder may have finished, in which case the buffer is not needed.
        let _ = empty.send(chunk);
    }
    Ok((Blob::spooled(file)?, digest::text(hasher)))
}

/// Reads until the buffer is full or the input ends.
fn fill(reader: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match reader.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// A reader for a gzip file with any number of members. Like gzip itself, it ignores padding zeros
/// at the end.
struct Gunzip<R> {
    /// `None` after the end.
    decoder: Option<GzDecoder<R>>,
}

impl<R: BufRead> Gunzip<R> {
    fn new(compressed: R) -> Self {
        Self {
            decoder: Some(GzDecoder::new(compressed)),
        }
    }
}

impl<R: BufRead> Read for Gunzip<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(decoder) = &mut self.decoder {
            let count = decoder.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            // A member ended. Parallel compressors write several, and Go's reader decodes them all.
            let Some(mut rest) = self.decoder.take().map(GzDecoder::into_inner) else {
                break;
            };
            if !only_zeros(&mut rest)? {
                self.decoder = Some(GzDecoder::new(rest));
            }
        }
        Ok(0)
    }
}

/// Whether only zeros are left. They are consumed; another member is not.
fn only_zeros(rest: &mut impl BufRead) -> io::Result<bool> {
    let mut zeros = 0;
    loop {
        let bytes = rest.fill_buf()?;
        match bytes.iter().position(|&byte| byte != 0) {
            None if bytes.is_empty() => return Ok(true),
            None => {
                let count = bytes.len();
                zeros += count;
                rest.consume(count);
            }
            Some(0) if zeros == 0 => return Ok(false),
            // gzip ignores data after the padding; Go's reader fails on the padding itself.
            Some(_) => {
                return Err(io::Error::other(
                    "zeros after a gzip member are followed by other data",
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blob(bytes: &[u8]) -> Blob {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        Blob::spooled(file).unwrap()
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn inflated(bytes: &[u8], limits: &Limits) -> Result<(Blob, String), ReadError> {
        inflate(
            "x",
            &blob(bytes),
            Compression::of(bytes),
            limits,
            &Budget::new(limits),
        )
    }

    #[test]
    fn gzip_members_and_zstd_frames_follow_each_other() {
        let limits = Limits::default();
        let gzipped = [gzip(b"one "), gzip(b""), gzip(b"two"), vec![0; 100]].concat();
        let (blob, digest) = inflated(&gzipped, &limits).unwrap();
        assert_eq!(&*blob.bytes().unwrap(), b"one two");
        assert_eq!(digest, digest::sha256(b"one two"));
        let skippable = b"\x52\x2a\x4d\x18\x03\0\0\0abc".to_vec();
        let frames = [
            skippable.clone(),
            zstd::encode_all(&b"one "[..], 1).unwrap(),
            zstd::encode_all(&b"two"[..], 1).unwrap(),
            skippable,
        ];
        assert_eq!(
            &*inflated(&frames.concat(), &limits)
                .unwrap()
                .0
                .bytes()
                .unwrap(),
            b"one two"
        );
    }

    #[test]
    fn only_blobs_with_large_zstd_windows_are_inflated_one_at_a_time() {
        // Empty frames with windows of 8 and of 128 MiB.
        let frame = |exponent: u8| [0x28, 0xb5, 0x2f, 0xfd, 0, exponent << 3, 1, 0, 0];
        let (usual, large) = (blob(&frame(13)), blob(&frame(17)));
        let held = turn(&large).unwrap().unwrap();
        assert!(LARGE_WINDOW.try_lock().is_err());
        assert!(turn(&usual).unwrap().is_none());
        drop(held);
        let limits = Limits::default();
        for exponent in [13, 17] {
            let (blob, _) = inflated(&frame(exponent), &limits).unwrap();
            assert_eq!(blob.size(), 0);
        }
    }

    #[test]
    fn truncated_gzip_and_trailing_garbage_are_errors() {
        let limits = Limits::default();
        let whole = gzip(&[7; 5000]);
        let error = inflated(&whole[..whole.len() - 4], &limits).unwrap_err();
        assert!(matches!(error, ReadError::Decompress { .. }), "{error}");
        let error = inflated(
            &[whole, b"garbage, long enough for a header".to_vec()].concat(),
            &limits,
        )
        .unwrap_err();
        assert!(matches!(error, ReadError::Decompress { .. }), "{error}");
    }

    #[test]
    fn small_blobs_share_one_allowance_beyond_the_ratio() {
        let limits = Limits {
            ratio: 1,
            ..Limits::default()
        };
        let budget = Budget::new(&limits);
        let blob = blob(&zstd::encode_all(io::repeat(0).take(20 << 20), 1).unwrap());
        let inflated: Vec<bool> = (0..5)
            .map(|_| inflate("x", &blob, Compression::Zstd, &limits, &budget).is_ok())
            .collect();
        assert_eq!(inflated, [true, true, true, false, false]);
    }

    #[test]
    fn a_bomb_is_stopped_by_its_ratio_and_by_the_budget() {
        let bomb = zstd::encode_all(io::repeat(0).take(66 << 20), 1).unwrap();
        let error = inflated(
            &bomb,
            &Limits {
                ratio: 100,
                ..Limits::default()
            },
        )
        .unwrap_err();
        assert!(
            matches!(
                error,
                ReadError::Limit {
                    what: "uncompressed bytes",
                    ..
                }
            ),
            "{error}"
        );
        let limits = Limits {
            uncompressed: 10,
            ..Limits::default()
        };
        let budget = Budget::new(&limits);
        let six = gzip(b"123456");
        assert!(inflate("x", &blob(&six), Compression::Gzip, &limits, &budget).is_ok());
        let error = inflate("x", &blob(&six), Compression::Gzip, &limits, &budget).unwrap_err();
        assert!(
            matches!(
                error,
                ReadError::Limit {
                    what: "uncompressed bytes of all layers",
                    ..
                }
            ),
            "{error}"
        );
    }
}
