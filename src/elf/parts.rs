//! Files that are read piece by piece: the headers of a 300 MB program take only a few kilobytes.

use std::borrow::Cow;

/// A file that can be read in parts.
pub trait Parts {
    /// The size of the whole file in bytes.
    fn size(&self) -> u64;

    /// The `length` bytes at `offset`; `None` if they are not all in the file.
    fn part(&self, offset: u64, length: usize) -> Option<Cow<'_, [u8]>>;
}

impl Parts for [u8] {
    fn size(&self) -> u64 {
        self.len() as u64
    }

    fn part(&self, offset: u64, length: usize) -> Option<Cow<'_, [u8]>> {
        let start = usize::try_from(offset).ok()?;
        let end = start.checked_add(length)?;
        self.get(start..end).map(Cow::Borrowed)
    }
}

/// The part of `length` bytes at `offset`, limited to `limit` bytes; `None` if it is not entirely
/// in the file.
pub(super) fn start_of_part<P: Parts + ?Sized>(
    file: &P,
    offset: u64,
    length: u64,
    limit: u64,
) -> Option<Cow<'_, [u8]>> {
    // The whole part must exist even if only its start is read, so that a truncated file is an
    // error and not a short result.
    if offset.checked_add(length)? > file.size() {
        return None;
    }
    file.part(offset, usize::try_from(length.min(limit)).ok()?)
}
