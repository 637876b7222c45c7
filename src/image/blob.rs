//! Data that is not in memory: a file or a part of one.
//!
//! Files that others can reach are read, never mapped: if one were truncated while it is mapped,
//! the process would die of SIGBUS, and a mapping of a large archive counts as memory of the
//! process. Files that jettison spools itself have no name, so no other process can truncate them,
//! and may be mapped.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt as _};
use std::path::Path;
use std::sync::Arc;

use memmap2::{Mmap, MmapOptions};
use rustix::fs::SeekFrom;
use rustix::io::Errno;

use super::Bytes;
use super::error::ReadError;

/// Largest part of a spooled file that is read: mapping a small one costs more.
const SMALL: u64 = 64 << 10;
/// Largest part of a foreign file that is read into memory; a larger one is spooled and mapped.
const LARGE: u64 = 32 << 20;
/// Number of bytes per read when a file is copied.
const COPIED: usize = 1 << 20;
/// Number of bytes that are compared at once.
const PIECE: usize = 64 << 10;

/// A part of a file. Copies share the file.
#[derive(Clone, Debug)]
pub(super) struct Blob {
    file: Arc<File>,
    start: u64,
    length: u64,
    /// Whether the file is a temporary one that no other process can open.
    spooled: bool,
    /// The growth of the whole file, if it was compressed.
    growth: Option<Growth>,
}

/// The bytes of a file before and after it was decompressed.
#[derive(Clone, Copy, Debug)]
struct Growth {
    from: u64,
    to: u64,
}

impl Blob {
    /// Opens a regular file.
    pub(super) fn open(path: &Path) -> Result<Self, ReadError> {
        // Opening a FIFO or a device could block or have side effects, so the type is checked
        // first.
        let metadata = std::fs::metadata(path).map_err(ReadError::io(path))?;
        if !metadata.is_file() {
            return Err(ReadError::NotAnImage {
                path: path.to_owned(),
                reason: "it is not a regular file",
            });
        }
        // It may have been replaced by a FIFO since then, and opening that would block without this
        // flag.
        let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
        let opened = File::options()
            .read(true)
            .custom_flags(flags.bits().cast_signed())
            .open(path);
        Self::whole(opened.map_err(ReadError::io(path))?, false).map_err(ReadError::io(path))
    }

    /// Writes bytes to a temporary file without a name.
    pub(super) fn of(bytes: &[u8], name: &str) -> Result<Self, ReadError> {
        Self::spool(bytes).map_err(ReadError::spool(name))
    }

    fn spool(bytes: &[u8]) -> io::Result<Self> {
        let mut file = tempfile::tempfile()?;
        file.write_all(bytes)?;
        Self::spooled(file)
    }

    /// A blob of a whole temporary file without a name.
    pub(super) fn spooled(file: File) -> io::Result<Self> {
        Self::whole(file, true)
    }

    /// A blob of a whole file that others can reach.
    pub(super) fn foreign(file: File) -> io::Result<Self> {
        Self::whole(file, false)
    }

    fn whole(file: File, spooled: bool) -> io::Result<Self> {
        let length = file.metadata()?.len();
        Ok(Self {
            file: Arc::new(file),
            start: 0,
            length,
            spooled,
            growth: None,
        })
    }

    /// The part of `length` bytes at `offset`; `None` if this blob has no such part.
    pub(super) fn part(&self, offset: u64, length: u64) -> Option<Self> {
        let end = offset.checked_add(length)?;
        if end > self.length {
            return None;
        }
        Some(Self {
            start: self.start + offset,
            length,
            ..self.clone()
        })
    }

    pub(super) fn size(&self) -> u64 {
        self.length
    }

    /// The same blob, known to be what `stored` bytes were decompressed to.
    pub(super) fn decompressed_from(self, stored: u64) -> Self {
        let growth = Growth {
            from: stored,
            to: self.length,
        };
        Self {
            growth: Some(growth),
            ..self
        }
    }

    /// The bytes that it takes as it is stored: its share of the compressed archive that it is a
    /// part of. Limits by the size of a layer would otherwise allow the growth of both.
    pub(super) fn stored_size(&self) -> u64 {
        let Some(Growth { from, to }) = self.growth else {
            return self.length;
        };
        let share = u128::from(self.length) * u128::from(from) / u128::from(to.max(1));
        // Compression may also make an archive larger.
        u64::try_from(share).unwrap_or(u64::MAX).min(self.length)
    }

    /// Reads from `offset` until the buffer is full or the blob ends. Returns the number of bytes
    /// read.
    pub(super) fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let left = usize::try_from(self.length.saturating_sub(offset)).unwrap_or(usize::MAX);
        // The length was determined when the file was opened, so a short read means that the file
        // has been truncated since then.
        let wanted = buffer.len().min(left);
        self.file
            .read_exact_at(&mut buffer[..wanted], self.start + offset)
            .map_err(truncated)?;
        Ok(wanted)
    }

    /// Whether another blob has the same bytes.
    pub(super) fn is_same(&self, other: &Self) -> io::Result<bool> {
        if self.length != other.length {
            return Ok(false);
        }
        let (mut bytes, mut others) = (vec![0; PIECE], vec![0; PIECE]);
        for at in (0..self.length).step_by(PIECE) {
            let count = self.read_at(&mut bytes, at)?;
            other.read_at(&mut others[..count], at)?;
            if bytes[..count] != others[..count] {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Its first bytes, eight at most.
    pub(super) fn head(&self) -> io::Result<Vec<u8>> {
        let mut head = vec![0; 8];
        let count = self.read_at(&mut head, 0)?;
        head.truncate(count);
        Ok(head)
    }

    /// Reads or maps all bytes.
    pub(super) fn bytes(&self) -> io::Result<Bytes<'static>> {
        if self.length <= if self.spooled { SMALL } else { LARGE } {
            let mut bytes = vec![0; usize::try_from(self.length).map_err(io::Error::other)?];
            self.read_at(&mut bytes, 0)?;
            return Ok(Bytes::Owned(bytes));
        }
        if self.spooled {
            return self.map().map(Bytes::Mapped);
        }
        // The file may be truncated while it is used, so a private copy is mapped.
        let copy = tempfile::tempfile()?;
        self.copy_to(&copy)?;
        Self::spooled(copy)?.map().map(Bytes::Mapped)
    }

    /// Copies all bytes to an empty file. The holes of a sparse file stay holes, because they could
    /// fill the disk otherwise.
    pub(super) fn copy_to(&self, copy: &File) -> io::Result<()> {
        copy.set_len(self.length)?;
        let mut piece = vec![0; COPIED];
        let mut at = 0;
        while let Some((start, end)) = self.data_from(at)? {
            at = start;
            while at < end {
                let wanted = usize::try_from(end - at).unwrap_or(COPIED).min(COPIED);
                let count = self.read_at(&mut piece[..wanted], at)?;
                copy.write_all_at(&piece[..count], at)?;
                at += count as u64;
            }
        }
        Ok(())
    }

    /// The next part of the blob that is no hole, from `at` on; `None` at the end.
    fn data_from(&self, at: u64) -> io::Result<Option<(u64, u64)>> {
        if at >= self.length {
            return Ok(None);
        }
        // The offset of the file that these calls change is not used by anything else.
        let start = match rustix::fs::seek(&*self.file, SeekFrom::Data(self.start + at)) {
            Ok(start) => start - self.start,
            // Only a hole is left.
            Err(Errno::NXIO) => return Ok(None),
            // The file system does not record holes.
            Err(Errno::INVAL | Errno::NOTSUP) => return Ok(Some((at, self.length))),
            Err(error) => return Err(error.into()),
        };
        if start >= self.length {
            return Ok(None);
        }
        let end = rustix::fs::seek(&*self.file, SeekFrom::Hole(self.start + start))?;
        // The file may have been truncated between the two calls.
        let end = end.saturating_sub(self.start).min(self.length);
        Ok(Some((start, end.max(start + 1))))
    }

    /// Its bytes, one after another.
    pub(super) fn reader(&self) -> Reader<'_> {
        Reader { blob: self, at: 0 }
    }

    #[allow(unsafe_code)]
    fn map(&self) -> io::Result<Mmap> {
        let length = usize::try_from(self.length).map_err(io::Error::other)?;
        // SAFETY: the file has no name, so no other process can open it, and it is no longer
        // written to.
        unsafe {
            MmapOptions::new()
                .offset(self.start)
                .len(length)
                .map(&*self.file)
        }
    }
}

/// Explains the end of a file that was longer when it was opened.
fn truncated(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => io::Error::other("it was truncated while being read"),
        _ => error,
    }
}

#[derive(Debug)]
pub(super) struct Reader<'a> {
    blob: &'a Blob,
    at: u64,
}

impl Read for Reader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.blob.read_at(buffer, self.at)?;
        self.at += count as u64;
        Ok(count)
    }
}

/// Maps as much of a file for reading as it is known to have.
#[allow(unsafe_code)]
pub(crate) fn map_length(file: &File, length: u64) -> io::Result<Mmap> {
    let length = usize::try_from(length).map_err(io::Error::other)?;
    // SAFETY: nothing here writes to a file it has mapped. It is possible that another process
    // changes the file in the meantime; the bytes are treated as untrusted at every use, so a
    // change can lead to wrong content, but not to wrong memory accesses. If the file has become
    // shorter, bytes beyond its end must not be read, because that ends the process with SIGBUS.
    unsafe { MmapOptions::new().len(length).map(file) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(bytes: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    #[test]
    fn an_empty_file_is_an_empty_blob() {
        assert_eq!(&*Blob::spooled(file(b"")).unwrap().bytes().unwrap(), b"");
    }

    #[test]
    fn a_part_cannot_extend_beyond_its_blob() {
        let part = Blob::foreign(file(b"0123456789"))
            .unwrap()
            .part(2, 4)
            .unwrap();
        assert_eq!(&*part.bytes().unwrap(), b"2345");
        assert_eq!(&*part.part(4, 0).unwrap().bytes().unwrap(), b"");
        assert!(part.part(1, 4).is_none() && part.part(u64::MAX, 2).is_none());
    }

    #[test]
    fn the_copy_of_a_sparse_file_takes_as_little_space() {
        use std::os::unix::fs::MetadataExt as _;

        let sparse = file(b"start");
        sparse.write_all_at(b"middle", 40 << 20).unwrap();
        sparse.set_len(80 << 20).unwrap();
        let blob = Blob::foreign(sparse).unwrap();
        let copy = file(b"");
        blob.copy_to(&copy).unwrap();
        assert!(
            blob.is_same(&Blob::foreign(copy.try_clone().unwrap()).unwrap())
                .unwrap()
        );
        let (stored, copied) = (blob.file.metadata().unwrap(), copy.metadata().unwrap());
        // On a file system without holes, both take all of it.
        assert!(copied.blocks() <= stored.blocks() + 64);
        // A part begins and ends where the file does not.
        let part = blob.part(3, (40 << 20) + 1).unwrap();
        let copy = file(b"");
        part.copy_to(&copy).unwrap();
        assert!(part.is_same(&Blob::foreign(copy).unwrap()).unwrap());
    }

    #[test]
    fn large_parts_are_memory_mapped_at_any_offset() {
        let content: Vec<u8> = (0..200_000_u32).map(|at| at.to_le_bytes()[0]).collect();
        let part = Blob::spooled(file(&content))
            .unwrap()
            .part(5001, 150_000)
            .unwrap();
        assert!(
            matches!(part.bytes().unwrap(), Bytes::Mapped(map) if map[..] == content[5001..155_001])
        );
    }

    #[test]
    fn a_file_truncated_while_it_is_mapped_is_an_error() {
        let cut = file(&[7; 5000]);
        let blob = Blob::foreign(cut.try_clone().unwrap()).unwrap();
        cut.set_len(100).unwrap();
        assert_eq!(
            blob.bytes().unwrap_err().to_string(),
            "it was truncated while being read"
        );
    }
}
