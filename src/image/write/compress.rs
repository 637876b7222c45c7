//! How the bytes of a layer are compressed on their way out.

use std::io::{self, Write};

use flate2::{Compress, Crc, FlushCompress, Status};
use rayon::prelude::*;

use super::super::inflate::Compression;

const GZIP_LEVEL: u32 = 6;
const ZSTD_LEVEL: i32 = 3;

#[allow(missing_debug_implementations)]
pub(super) enum Encoder<W: Write> {
    None(W),
    Gzip(Gzip<W>),
    Zstd(zstd::Encoder<'static, W>),
}

impl<W: Write> Encoder<W> {
    pub(super) fn new(inner: W, compression: Compression) -> io::Result<Self> {
        Ok(match compression {
            Compression::None => Self::None(inner),
            Compression::Gzip => Self::Gzip(Gzip::new(inner)?),
            Compression::Zstd => Self::Zstd(zstd::Encoder::new(inner, ZSTD_LEVEL)?),
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

/// One gzip member whose pieces are compressed at once. The pieces have one size, so the result does not depend on
/// how many processors there are.
pub(super) struct Gzip<W> {
    inner: W,
    pending: Vec<u8>,
    crc: Crc,
}

const PIECE: usize = 512 << 10;
const PIECES_AT_ONCE: usize = 16;
/// No name, no time, an unknown system.
const GZIP_HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];

impl<W: Write> Gzip<W> {
    fn new(mut inner: W) -> io::Result<Self> {
        inner.write_all(&GZIP_HEADER)?;
        Ok(Self { inner, pending: Vec::with_capacity(PIECE * PIECES_AT_ONCE), crc: Crc::new() })
    }

    fn compress_pending(&mut self, last: bool) -> io::Result<()> {
        let mut pieces: Vec<&[u8]> = self.pending.chunks(PIECE).collect();
        if last && pieces.is_empty() {
            pieces.push(&[]);
        }
        let end = pieces.len();
        let compressed: Vec<_> =
            (pieces.par_iter().enumerate()).map(|(index, piece)| compress(piece, last && index + 1 == end)).collect();
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

/// Deflates a piece by itself. It ends at a byte, so that another can follow, unless it is the last.
fn compress(piece: &[u8], last: bool) -> io::Result<(Vec<u8>, Crc)> {
    let mut deflate = Compress::new(flate2::Compression::new(GZIP_LEVEL), false);
    let flush = if last { FlushCompress::Finish } else { FlushCompress::Sync };
    let mut out = Vec::with_capacity(piece.len() / 2 + 1024);
    loop {
        let consumed = usize::try_from(deflate.total_in()).map_err(io::Error::other)?;
        let status = deflate.compress_vec(&piece[consumed..], &mut out, flush)?;
        // A buffer that is not full has room for all there was.
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
    fn gzip_in_pieces_is_one_member_that_others_read() {
        for size in [0, 1, PIECE - 1, PIECE, PIECE * PIECES_AT_ONCE, PIECE * PIECES_AT_ONCE * 2 + 7] {
            let mut state = 1_u32;
            let noise = |_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                u8::try_from((state >> 24) & 0x1f).unwrap()
            };
            let plain: Vec<u8> = (0..size).map(noise).collect();
            let mut encoder = Encoder::new(Vec::new(), Compression::Gzip).unwrap();
            encoder.write_all(&plain).unwrap();
            let gzipped = encoder.finish().unwrap();
            let mut read = Vec::new();
            let mut decoder = flate2::bufread::GzDecoder::new(gzipped.as_slice());
            decoder.read_to_end(&mut read).unwrap();
            assert!(read == plain, "{size} bytes");
            assert!(decoder.into_inner().is_empty(), "{size} bytes are one member");
        }
    }
}
