//! The entries of one zip, read one after the other into the same memory.

use std::io::Read;

use flate2::{Decompress, FlushDecompress, Status};
use rawzip::{
    CompressionMethod, FileReader, ZipArchive, ZipArchiveEntryWayfinder, ZipVerification, crc32,
};

use super::export::Reason;

/// What reads entries. A decoder of its own for each entry would leave holes between the records
/// that are kept.
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

    /// The bytes of an entry, of which there may be so many, with the length and the sum that the
    /// directory says.
    pub(super) fn read(
        &mut self,
        archive: &ZipArchive<FileReader>,
        place: ZipArchiveEntryWayfinder,
        method: CompressionMethod,
        most: u64,
    ) -> Result<&[u8], Reason> {
        let entry = archive.get_entry(place)?;
        let reader = entry.reader();
        let told = reader.claim_verifier();
        // What is larger compressed than it may be at all is too large, too.
        if told.uncompressed_size > most || place.compressed_size_hint() > most {
            return Err(Reason::Large(most));
        }
        self.raw.clear();
        reader.take(most).read_to_end(&mut self.raw)?;
        let bytes = match method {
            CompressionMethod::STORE => &self.raw,
            CompressionMethod::DEFLATE => self.inflate(told.uncompressed_size)?,
            _ => return Err(Reason::Compression),
        };
        told.valid(ZipVerification {
            crc: crc32(bytes),
            uncompressed_size: bytes.len() as u64,
        })?;
        Ok(bytes)
    }

    /// Ends where the stream does, or behind more bytes than are told.
    fn inflate(&mut self, told: u64) -> Result<&Vec<u8>, Reason> {
        const STEP: usize = 64 << 10;
        self.decoder.reset(false);
        self.bytes.clear();
        while self.bytes.len() as u64 <= told {
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
            let is_stuck = self.decoder.total_in() == done as u64 && self.bytes.len() == before;
            if status == Status::StreamEnd || is_stuck {
                break;
            }
        }
        Ok(&self.bytes)
    }
}
