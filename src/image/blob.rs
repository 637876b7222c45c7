//! Bytes that are not in memory: a mapped file, or a part of one.

use std::fs::File;
use std::io::{self, Write};
use std::ops::{Deref, Range};
use std::path::Path;
use std::sync::Arc;

use memmap2::{Mmap, MmapOptions};

use super::error::ReadError;

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

    /// Bytes that are in no file yet.
    pub(super) fn of(bytes: &[u8], name: &str) -> Result<Self, ReadError> {
        let file = tempfile::tempfile().and_then(|mut file| file.write_all(bytes).map(|()| file));
        let blob = file.and_then(|file| Self::map(&file));
        blob.map_err(|source| ReadError::Spool { blob: name.to_owned(), source })
    }

    pub(super) fn map(file: &File) -> io::Result<Self> {
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

/// Maps as much of a file for reading as it is known to have.
#[allow(unsafe_code)]
pub(crate) fn map_length(file: &File, length: u64) -> io::Result<Mmap> {
    let length = usize::try_from(length).map_err(io::Error::other)?;
    // SAFETY: as for `map`. Where the file has become shorter, what is behind its end must not be read; that too ends
    // the process with SIGBUS.
    unsafe { MmapOptions::new().len(length).map(file) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blob(bytes: &[u8]) -> Blob {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        Blob::map(&file).unwrap()
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
}
