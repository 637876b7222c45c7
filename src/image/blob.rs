//! Bytes that are not in memory: a mapped file or a part of one, and how compressed ones become such.

use std::fs::File;
use std::io::{self, BufRead, Read, Write};
use std::ops::{Deref, Range};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use memmap2::Mmap;
use oci_spec::image::{Digest, DigestAlgorithm};
use sha2::{Digest as _, Sha256, Sha512};

use super::error::ReadError;
use super::limits::Limits;
use super::progress::Progress;

/// A part of a mapped file. Copies share the mapping.
#[derive(Clone, Debug)]
pub(super) struct Blob {
    map: Arc<Mmap>,
    range: Range<usize>,
}

impl Deref for Blob {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.map[self.range.clone()]
    }
}

impl Blob {
    /// Maps a regular file.
    pub(super) fn open(path: &Path) -> Result<Self, ReadError> {
        // Opening a FIFO or a device could block or do worse, so look first.
        let metadata = std::fs::metadata(path).map_err(ReadError::io(path))?;
        if !metadata.is_file() {
            return Err(ReadError::NotAnImage { path: path.to_owned(), reason: "it is no regular file" });
        }
        let file = File::open(path).map_err(ReadError::io(path))?;
        Self::map(&file).map_err(ReadError::io(path))
    }

    fn map(file: &File) -> io::Result<Self> {
        let map = map(file)?;
        let range = 0..map.len();
        Ok(Self { map: Arc::new(map), range })
    }

    /// The part of `length` bytes at `offset`; none where this blob has no such part.
    pub(super) fn part(&self, offset: u64, length: u64) -> Option<Self> {
        let start = self.range.start.checked_add(usize::try_from(offset).ok()?)?;
        let end = start.checked_add(usize::try_from(length).ok()?)?;
        (end <= self.range.end).then(|| Self { map: Arc::clone(&self.map), range: start..end })
    }

    pub(super) fn size(&self) -> u64 {
        self.len() as u64
    }
}

/// Maps a whole file for reading.
#[allow(unsafe_code)]
pub(super) fn map(file: &File) -> io::Result<Mmap> {
    // SAFETY: nothing here writes to a file it has mapped. That another process changes or truncates the file
    // meanwhile cannot be excluded; the bytes are treated as untrusted at every use, so a change can give wrong
    // content but no wrong memory access, and a truncation ends the process with SIGBUS.
    unsafe { Mmap::map(file) }
}

/// How a blob is compressed, told by its first bytes: media types are wrong often enough.
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
            // The latter is a frame to skip, with which some writers of seekable zstd begin.
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Self::Zstd,
            _ => Self::None,
        }
    }
}

/// What the blobs of an image may still take, together.
#[derive(Debug)]
pub(super) struct Budget {
    bytes: AtomicU64,
    headers: AtomicU64,
}

impl Budget {
    pub(super) fn new(limits: &Limits) -> Self {
        Self { bytes: AtomicU64::new(limits.uncompressed), headers: AtomicU64::new(limits.headers) }
    }

    /// Takes uncompressed bytes. Whether there were as many left.
    pub(super) fn spend(&self, bytes: u64) -> bool {
        spend(&self.bytes, bytes)
    }

    /// Takes bytes of names and extension headers.
    pub(super) fn spend_headers(&self, bytes: u64) -> bool {
        spend(&self.headers, bytes)
    }
}

fn spend(budget: &AtomicU64, amount: u64) -> bool {
    budget.try_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(amount)).is_ok()
}

const CHUNK: usize = 256 << 10;

/// Decompresses a blob into an unlinked temporary file. Gives the mapped result and its SHA-256.
pub(super) fn inflate(
    name: &str,
    blob: &Blob,
    compression: Compression,
    limits: &Limits,
    budget: &Budget,
) -> Result<(Blob, String), ReadError> {
    let decompress = |source| ReadError::Decompress { blob: name.to_owned(), source };
    let spool = |source| ReadError::Spool { blob: name.to_owned(), source };
    let mut reader: Box<dyn Read + '_> = match compression {
        Compression::None => Box::new(&**blob),
        Compression::Gzip => Box::new(Gunzip::new(blob)),
        Compression::Zstd => Box::new(zstd::Decoder::with_buffer(&**blob).map_err(decompress)?),
    };
    let allowed = limits.inflated(blob.size());
    let mut file = tempfile::tempfile().map_err(spool)?;
    let mut hasher = Sha256::new();
    let mut chunk = vec![0; CHUNK];
    let mut written: u64 = 0;
    loop {
        let filled = fill(&mut reader, &mut chunk).map_err(decompress)?;
        if filled == 0 {
            break;
        }
        written += filled as u64;
        if written > allowed {
            return Err(ReadError::Limit { blob: name.to_owned(), what: "uncompressed bytes", limit: allowed });
        }
        if !budget.spend(filled as u64) {
            let limit = limits.uncompressed;
            return Err(ReadError::Limit { blob: name.to_owned(), what: "uncompressed bytes of all layers", limit });
        }
        hasher.update(&chunk[..filled]);
        file.write_all(&chunk[..filled]).map_err(spool)?;
    }
    let blob = Blob::map(&file).map_err(spool)?;
    Ok((blob, sha256_text(hasher)))
}

/// Reads until the buffer is full or the end is there.
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

/// A gzip file of any number of members. Zeros that pad it at the end are no member, as for gzip itself.
struct Gunzip<'a> {
    decoder: flate2::bufread::GzDecoder<&'a [u8]>,
}

impl<'a> Gunzip<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { decoder: flate2::bufread::GzDecoder::new(bytes) }
    }
}

impl Read for Gunzip<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.decoder.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            let rest: &[u8] = self.decoder.get_mut().fill_buf()?;
            if rest.iter().all(|&byte| byte == 0) {
                return Ok(0);
            }
            self.decoder = flate2::bufread::GzDecoder::new(*self.decoder.get_ref());
        }
    }
}

fn sha256_text(hasher: Sha256) -> String {
    format!("sha256:{}", hex(&hasher.finalize()))
}

/// A hash as digests show it.
pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The SHA-256 of some bytes, as a digest.
pub(super) fn sha256(bytes: &[u8], progress: &dyn Progress) -> String {
    let mut hasher = Sha256::new();
    for chunk in bytes.chunks(4 * CHUNK) {
        hasher.update(chunk);
        progress.advance(chunk.len() as u64);
    }
    sha256_text(hasher)
}

/// Compares a blob with the digest by which it was named. Gives the digest.
pub(super) fn verify(name: &str, bytes: &[u8], said: &Digest, progress: &dyn Progress) -> Result<String, ReadError> {
    let is = match said.algorithm() {
        DigestAlgorithm::Sha256 => sha256(bytes, progress),
        DigestAlgorithm::Sha512 => {
            progress.advance(bytes.len() as u64);
            format!("sha512:{}", hex(&Sha512::digest(bytes)))
        }
        _ => return Err(ReadError::UnknownDigest { blob: name.to_owned(), digest: said.to_string() }),
    };
    let said = said.to_string();
    if is == said { Ok(is) } else { Err(ReadError::DigestMismatch { blob: name.to_owned(), said, is }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blob(bytes: &[u8]) -> Blob {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        Blob::map(&file).unwrap()
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn inflated(bytes: &[u8], limits: &Limits) -> Result<(Blob, String), ReadError> {
        inflate("x", &blob(bytes), Compression::of(bytes), limits, &Budget::new(limits))
    }

    #[test]
    fn an_empty_file_is_an_empty_blob() {
        assert_eq!(&*blob(b""), b"");
    }

    #[test]
    fn a_part_stays_inside_its_blob() {
        let part = blob(b"0123456789").part(2, 4).unwrap();
        assert_eq!(&*part, b"2345");
        assert_eq!(&*part.part(4, 0).unwrap(), b"");
        assert!(part.part(1, 4).is_none() && part.part(u64::MAX, 2).is_none());
    }

    #[test]
    fn gzip_members_and_zstd_frames_follow_each_other() {
        let limits = Limits::default();
        let gzipped = [gzip(b"one "), gzip(b""), gzip(b"two"), vec![0; 100]].concat();
        let (blob, digest) = inflated(&gzipped, &limits).unwrap();
        assert_eq!(&*blob, b"one two");
        assert_eq!(digest, sha256(b"one two", &super::super::progress::Silent));
        let skippable = b"\x52\x2a\x4d\x18\x03\0\0\0abc".to_vec();
        let frames = [
            skippable.clone(),
            zstd::encode_all(&b"one "[..], 1).unwrap(),
            zstd::encode_all(&b"two"[..], 1).unwrap(),
            skippable,
        ];
        assert_eq!(&*inflated(&frames.concat(), &limits).unwrap().0, b"one two");
    }

    #[test]
    fn what_is_cut_off_or_followed_by_garbage_is_an_error() {
        let limits = Limits::default();
        let whole = gzip(&[7; 5000]);
        let error = inflated(&whole[..whole.len() - 4], &limits).unwrap_err();
        assert!(matches!(error, ReadError::Decompress { .. }), "{error}");
        let error = inflated(&[whole, b"garbage, long enough for a header".to_vec()].concat(), &limits).unwrap_err();
        assert!(matches!(error, ReadError::Decompress { .. }), "{error}");
    }

    #[test]
    fn a_bomb_is_stopped_by_its_ratio_and_by_the_budget() {
        let bomb = zstd::encode_all(io::repeat(0).take((64 << 20) + 1), 1).unwrap();
        let error = inflated(&bomb, &Limits { ratio: 100, ..Limits::default() }).unwrap_err();
        assert!(matches!(error, ReadError::Limit { what: "uncompressed bytes", .. }), "{error}");
        let limits = Limits { uncompressed: 10, ..Limits::default() };
        let budget = Budget::new(&limits);
        let six = gzip(b"123456");
        assert!(inflate("x", &blob(&six), Compression::Gzip, &limits, &budget).is_ok());
        let error = inflate("x", &blob(&six), Compression::Gzip, &limits, &budget).unwrap_err();
        assert!(matches!(error, ReadError::Limit { what: "uncompressed bytes of all layers", .. }), "{error}");
    }

    #[test]
    fn a_digest_of_another_kind_is_refused() {
        let silent = &super::super::progress::Silent;
        let digest: Digest = "md5:abc".parse().unwrap();
        assert!(matches!(verify("x", b"", &digest, silent), Err(ReadError::UnknownDigest { .. })));
        let digest: Digest = sha256(b"a", silent).parse().unwrap();
        assert!(matches!(verify("x", b"b", &digest, silent), Err(ReadError::DigestMismatch { .. })));
        assert_eq!(verify("x", b"a", &digest, silent).unwrap(), digest.to_string());
    }
}
