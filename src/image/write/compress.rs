//! Compression of the layers that are written.

use std::io::{self, Write};
use std::str::FromStr;

use flate2::{Compress, Crc, FlushCompress, Status};
use rayon::prelude::*;

use super::super::inflate::Compression;

/// The kind and the level of a layer's compression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coding {
    compression: Compression,
    level: Option<i32>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodingError {
    #[error("expected `none`, `gzip` or `zstd`, optionally with a level, as in `zstd:19`")]
    Unknown,
    #[error("the `{kind}` level must be a number from {least} to {most}")]
    Level {
        kind: &'static str,
        least: i32,
        most: i32,
    },
    #[error("`none` does not take a level")]
    NoLevel,
}

/// The default levels are those of the gzip and zstd programs, which builders use too.
const GZIP_LEVEL: i32 = 6;
const ZSTD_LEVEL: i32 = 3;

impl From<Compression> for Coding {
    /// A coding with the default level.
    fn from(compression: Compression) -> Self {
        Self {
            compression,
            level: None,
        }
    }
}

impl Coding {
    pub fn compression(self) -> Compression {
        self.compression
    }
}

impl FromStr for Coding {
    type Err = CodingError;

    fn from_str(text: &str) -> Result<Self, CodingError> {
        let (kind, level) = match text.split_once(':') {
            Some((kind, level)) => (kind, Some(level)),
            None => (text, None),
        };
        Ok(match kind {
            "none" if level.is_some() => return Err(CodingError::NoLevel),
            "none" => Compression::None.into(),
            "gzip" => Self {
                compression: Compression::Gzip,
                level: parse_level(level, "gzip", 1, 9)?,
            },
            "zstd" => Self {
                compression: Compression::Zstd,
                // From 20, zstd calls its levels "ultra": they are slow, and decompression needs
                // more memory.
                level: parse_level(level, "zstd", 1, 22)?,
            },
            _ => return Err(CodingError::Unknown),
        })
    }
}

/// The level in a coding, if one is given.
fn parse_level(
    level: Option<&str>,
    kind: &'static str,
    least: i32,
    most: i32,
) -> Result<Option<i32>, CodingError> {
    match level.map(str::parse) {
        None => Ok(None),
        Some(Ok(level)) if (least..=most).contains(&level) => Ok(Some(level)),
        Some(_) => Err(CodingError::Level { kind, least, most }),
    }
}

/// A writer that compresses.
#[allow(missing_debug_implementations)]
pub(super) enum Encoder<W: Write> {
    None(W),
    Gzip(Gzip<W>),
    Zstd(zstd::Encoder<'static, W>),
}

impl<W: Write> Encoder<W> {
    pub(super) fn new(inner: W, coding: Coding) -> io::Result<Self> {
        Ok(match coding.compression {
            Compression::None => Self::None(inner),
            Compression::Gzip => {
                let level = coding.level.unwrap_or(GZIP_LEVEL);
                Self::Gzip(Gzip::new(inner, level)?)
            }
            Compression::Zstd => {
                let level = coding.level.unwrap_or(ZSTD_LEVEL);
                Self::Zstd(zstd_on_all_cores(inner, level)?)
            }
        })
    }

    pub(super) fn finish(self) -> io::Result<W> {
        match self {
            Self::None(inner) => Ok(inner),
            Self::Gzip(gzip) => gzip.finish(),
            Self::Zstd(zstd) => zstd.finish(),
        }
    }
}

impl<W: Write> Write for Encoder<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::None(inner) => inner.write(bytes),
            Self::Gzip(gzip) => gzip.write(bytes),
            Self::Zstd(zstd) => zstd.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::None(inner) => inner.flush(),
            Self::Gzip(gzip) => gzip.inner.flush(),
            Self::Zstd(zstd) => zstd.flush(),
        }
    }
}

/// Maximum number of zstd threads. Each keeps the input and the output of a job in memory.
const MAX_THREADS: u32 = 8;
/// Size of a job at normal levels in bytes, half of zstd's own choice.
const JOB: u32 = 4 << 20;

/// zstd splits its input into jobs whose size only depends on the level, so the result is the same
/// for any number of threads, except 0, which compresses without jobs.
fn zstd_on_all_cores<W: Write>(inner: W, level: i32) -> io::Result<zstd::Encoder<'static, W>> {
    let threads = u32::try_from(rayon::current_num_threads())
        .unwrap_or(1)
        .clamp(1, MAX_THREADS);
    let mut encoder = zstd::Encoder::new(inner, level)?;
    encoder.multithread(threads)?;
    // Higher levels use a larger window than this, so a small job would make the output larger.
    if level <= ZSTD_LEVEL {
        encoder.set_parameter(zstd::zstd_safe::CParameter::JobSize(JOB))?;
    }
    Ok(encoder)
}

/// A gzip encoder that compresses pieces in parallel into a single member. All pieces have the same
/// size, so the output does not depend on the number of cores.
pub(super) struct Gzip<W> {
    inner: W,
    level: u32,
    pending: Vec<u8>,
    crc: Crc,
}

/// Size of a piece in bytes. Each is compressed without the history of the previous one, so small
/// pieces compress worse.
const PIECE: usize = 512 << 10;
/// Number of pieces that are collected before they are compressed.
const PIECES_AT_ONCE: usize = 16;
/// The header of a member: no name, no time, an unknown system, so that the output is always the
/// same.
const GZIP_HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];

impl<W: Write> Gzip<W> {
    fn new(mut inner: W, level: i32) -> io::Result<Self> {
        inner.write_all(&GZIP_HEADER)?;
        let level = u32::try_from(level).map_err(io::Error::other)?;
        Ok(Self {
            inner,
            level,
            pending: Vec::with_capacity(PIECE * PIECES_AT_ONCE),
            crc: Crc::new(),
        })
    }

    fn compress_pending(&mut self, last: bool) -> io::Result<()> {
        let mut pieces: Vec<&[u8]> = self.pending.chunks(PIECE).collect();
        // Even an empty member needs a final block.
        if last && pieces.is_empty() {
            pieces.push(&[]);
        }
        let end = pieces.len();
        let level = self.level;
        let compressed: Vec<_> = pieces
            .par_iter()
            .enumerate()
            .map(|(index, piece)| compress(piece, level, last && index + 1 == end))
            .collect();
        // In order, because the checksum of the whole is combined from those of the pieces.
        for piece in compressed {
            let (bytes, crc) = piece?;
            self.inner.write_all(&bytes)?;
            self.crc.combine(&crc);
        }
        self.pending.clear();
        Ok(())
    }

    fn finish(mut self) -> io::Result<W> {
        self.compress_pending(true)?;
        self.inner.write_all(&self.crc.sum().to_le_bytes())?;
        self.inner.write_all(&self.crc.amount().to_le_bytes())?;
        Ok(self.inner)
    }
}

impl<W: Write> Write for Gzip<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A short write is allowed, and callers of `write_all` come back with the rest.
        let room = PIECE * PIECES_AT_ONCE - self.pending.len();
        let taken = bytes.len().min(room);
        self.pending.extend_from_slice(&bytes[..taken]);
        if taken == room {
            self.compress_pending(false)?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Compresses a piece independently. Unless it is the last one, it ends at a byte boundary, so that
/// another can follow.
fn compress(piece: &[u8], level: u32, last: bool) -> io::Result<(Vec<u8>, Crc)> {
    let mut deflate = Compress::new(flate2::Compression::new(level), false);
    // A sync flush ends a piece with an empty stored block, which is aligned to bytes.
    let flush = if last {
        FlushCompress::Finish
    } else {
        FlushCompress::Sync
    };
    let mut out = Vec::with_capacity(piece.len() / 2 + 1024);
    loop {
        let consumed = usize::try_from(deflate.total_in()).map_err(io::Error::other)?;
        let status = deflate.compress_vec(&piece[consumed..], &mut out, flush)?;
        // If there is room left in the buffer, the encoder has no more output.
        let all = deflate.total_in() == piece.len() as u64 && out.len() < out.capacity();
        if status == Status::StreamEnd || (all && !last) {
            break;
        }
        out.reserve(64 << 10);
    }
    let mut crc = Crc::new();
    crc.update(piece);
    Ok((out, crc))
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn gzip_compressed_in_pieces_is_one_standard_member() {
        for size in [
            0,
            1,
            PIECE - 1,
            PIECE,
            PIECE * PIECES_AT_ONCE,
            PIECE * PIECES_AT_ONCE * 2 + 7,
        ] {
            let mut state = 1_u32;
            let noise = |_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                u8::try_from((state >> 24) & 0x1f).unwrap()
            };
            let plain: Vec<u8> = (0..size).map(noise).collect();
            let mut encoder = Encoder::new(Vec::new(), Compression::Gzip.into()).unwrap();
            encoder.write_all(&plain).unwrap();
            let gzipped = encoder.finish().unwrap();
            let mut read = Vec::new();
            let mut decoder = flate2::bufread::GzDecoder::new(gzipped.as_slice());
            decoder.read_to_end(&mut read).unwrap();
            assert!(read == plain, "{size} bytes");
            assert!(
                decoder.into_inner().is_empty(),
                "{size} bytes are one member"
            );
        }
    }

    #[test]
    fn compressed_bytes_do_not_depend_on_the_number_of_cores() {
        let plain: Vec<u8> = (0..40_000_000_u32)
            .map(|number| (number / 7 % 251).to_le_bytes()[0])
            .collect();
        for coding in ["gzip:1", "zstd:1"] {
            let with = |threads| {
                let pool = rayon::ThreadPoolBuilder::new()
                    .num_threads(threads)
                    .build()
                    .unwrap();
                pool.install(|| {
                    let mut encoder = Encoder::new(Vec::new(), coding.parse().unwrap()).unwrap();
                    encoder.write_all(&plain).unwrap();
                    encoder.finish().unwrap()
                })
            };
            let one = with(1);
            assert!(one == with(2) && one == with(5), "{coding}");
        }
    }

    #[test]
    fn a_compression_level_must_be_in_the_range_of_its_format() {
        assert_eq!("gzip".parse(), Ok(Coding::from(Compression::Gzip)));
        assert_eq!(
            "zstd:19".parse(),
            Ok(Coding {
                compression: Compression::Zstd,
                level: Some(19)
            })
        );
        for (text, error) in [
            (
                "gzip:10",
                CodingError::Level {
                    kind: "gzip",
                    least: 1,
                    most: 9,
                },
            ),
            (
                "zstd:",
                CodingError::Level {
                    kind: "zstd",
                    least: 1,
                    most: 22,
                },
            ),
            ("none:1", CodingError::NoLevel),
            ("xz", CodingError::Unknown),
        ] {
            assert_eq!(text.parse::<Coding>(), Err(error));
        }
    }
}
