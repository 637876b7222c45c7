//! Decompresses the entries of a ZIP file one after the other into the same buffer.

use std::io::Read;

use flate2::{Decompress, FlushDecompress, Status};
use rawzip::{
    CompressionMethod, FileReader, ZipArchive, ZipArchiveEntryWayfinder, ZipVerification, crc32,
};

use super::export::ExportErrorReason;

/// Reads entries with one decoder and one buffer. New ones for each entry would fragment the memory
/// between the records that are kept.
pub(super) struct Inflater {
    decoder: Decompress,
    raw: Vec<u8>,
    bytes: Vec<u8>,
}

impl Inflater {
    pub(super) fn new() -> Self {
        Self {
            decoder: Decompress::new(false),
            raw: Vec::new(),
            bytes: Vec::new(),
        }
    }

    /// Decompresses one entry of at most `most` bytes and verifies the length and the CRC from the
    /// central directory.
    pub(super) fn read(
        &mut self,
        archive: &ZipArchive<FileReader>,
        place: ZipArchiveEntryWayfinder,
        method: CompressionMethod,
        most: u64,
    ) -> Result<&[u8], ExportErrorReason> {
        let entry = archive.get_entry(place)?;
        let reader = entry.reader();
        let claim = reader.claim_verifier();
        // The compressed size matters too, because the raw bytes are read into memory first.
        if claim.uncompressed_size > most || place.compressed_size_hint() > most {
            return Err(ExportErrorReason::Large(most));
        }
        self.raw.clear();
        reader.take(most).read_to_end(&mut self.raw)?;
        let bytes = match method {
            CompressionMethod::STORE => &self.raw,
            CompressionMethod::DEFLATE => self.inflate(claim.uncompressed_size)?,
            // osv.dev only uses these two.
            _ => return Err(ExportErrorReason::Compression),
        };
        claim.valid(ZipVerification {
            crc: crc32(bytes),
            uncompressed_size: bytes.len() as u64,
        })?;
        Ok(bytes)
    }

    /// Decompresses to the end of the stream, or until there are more bytes than claimed.
    fn inflate(&mut self, claimed: u64) -> Result<&Vec<u8>, ExportErrorReason> {
        const STEP: usize = 64 << 10;
        self.decoder.reset(false);
        self.bytes.clear();
        while self.bytes.len() as u64 <= claimed {
            // Grows with the output, not to the claimed length, which may be wrong.
            if self.bytes.len() == self.bytes.capacity() {
                self.bytes.reserve(STEP.max(self.bytes.len()));
            }
            let done = usize::try_from(self.decoder.total_in()).unwrap_or(usize::MAX);
            let rest = self.raw.get(done..).unwrap_or_default();
            let before = self.bytes.len();
            let status = self
                .decoder
                .decompress_vec(rest, &mut self.bytes, FlushDecompress::None);
            let status = status.map_err(std::io::Error::from)?;
            // A truncated stream makes no progress and has no end. The verification fails then.
            let is_stuck = self.decoder.total_in() == done as u64 && self.bytes.len() == before;
            if status == Status::StreamEnd || is_stuck {
                break;
            }
        }
        Ok(&self.bytes)
    }
}
