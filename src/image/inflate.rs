//! How compressed blobs become mapped files.

use std::io::{self, BufRead, Read, Write};

use sha2::{Digest as _, Sha256};

use super::blob::Blob;
use super::digest;
use super::error::ReadError;
use super::limits::{Budget, Limits};

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
    Ok((blob, digest::text(hasher)))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::progress::Silent;

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
    fn gzip_members_and_zstd_frames_follow_each_other() {
        let limits = Limits::default();
        let gzipped = [gzip(b"one "), gzip(b""), gzip(b"two"), vec![0; 100]].concat();
        let (blob, digest) = inflated(&gzipped, &limits).unwrap();
        assert_eq!(&*blob, b"one two");
        assert_eq!(digest, digest::sha256(b"one two", &Silent));
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
}
