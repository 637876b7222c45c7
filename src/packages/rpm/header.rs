//! The header of an rpm package in the database: an index of tags, and a store that the index
//! refers to.
//!
//! Numbers are big-endian. Source: rpm's `docs/manual/format_header.md`.

use crate::packages::{MAX_FIELD, MAX_LICENSE, decode};

// Tags, by their names in rpm's `rpmtag.h`: RPMTAG_NAME, RPMTAG_BUILDTIME and so on.
pub(super) const NAME: u32 = 1000;
pub(super) const VERSION: u32 = 1001;
pub(super) const RELEASE: u32 = 1002;
pub(super) const EPOCH: u32 = 1003;
pub(super) const BUILT: u32 = 1006;
pub(super) const INSTALLED: u32 = 1008;
pub(super) const SIZE: u32 = 1009;
pub(super) const VENDOR: u32 = 1011;
pub(super) const LICENSE: u32 = 1014;
pub(super) const ARCHITECTURE: u32 = 1022;
pub(super) const SOURCE: u32 = 1044;
const DIRECTORY_ROWS: u32 = 1116;
const BASE_NAMES: u32 = 1117;
const DIRECTORIES: u32 = 1118;

// Types of values.
const INT32: u32 = 4;
const STRING: u32 = 6;
const STRINGS: u32 = 8;
const TRANSLATED: u32 = 9;

#[derive(Clone, Copy, Debug)]
pub(super) struct Header<'a> {
    /// 16 bytes per entry: tag, type, offset in the store, count.
    index: &'a [u8],
    store: &'a [u8],
}

impl<'a> Header<'a> {
    pub(super) fn parse(blob: &'a [u8]) -> Option<Self> {
        // The number of entries and the length of the store come first. Both are untrusted and may
        // overflow on a 32-bit machine.
        let entries = usize::try_from(word(blob, 0)?).ok()?.checked_mul(16)?;
        let bytes = usize::try_from(word(blob, 4)?).ok()?;
        let index = blob.get(8..entries.checked_add(8)?)?;
        let store = blob.get(entries + 8..(entries + 8).checked_add(bytes)?)?;
        Some(Self { index, store })
    }

    /// The type, the count, and the store starting with the first value.
    fn entry(&self, tag: u32) -> Option<(u32, usize, &'a [u8])> {
        // The index need not be sorted, and a package has about sixty entries.
        let entry = self
            .index
            .chunks_exact(16)
            .find(|entry| word(entry, 0) == Some(tag))?;
        let offset = usize::try_from(word(entry, 8)?).ok()?;
        Some((
            word(entry, 4)?,
            usize::try_from(word(entry, 12)?).ok()?,
            self.store.get(offset..)?,
        ))
    }

    pub(super) fn text(&self, tag: u32) -> Option<String> {
        let (kind, _, bytes) = self.entry(tag)?;
        if !matches!(kind, STRING | STRINGS | TRANSLATED) {
            return None;
        }
        // The first of several strings: among translations, this is the original.
        let end = memchr::memchr(0, bytes)?;
        let limit = if tag == LICENSE {
            MAX_LICENSE
        } else {
            MAX_FIELD
        };
        // Several tags may refer to the same long text.
        Some(decode(&bytes[..end], limit))
    }

    pub(super) fn number(&self, tag: u32) -> Option<u32> {
        self.numbers(tag).next()
    }

    fn numbers(&self, tag: u32) -> impl Iterator<Item = u32> + use<'a> {
        let (count, bytes) = match self.entry(tag) {
            Some((INT32, count, bytes)) => (count, bytes),
            _ => (0, &[][..]),
        };
        bytes
            .chunks_exact(4)
            .take(count)
            .filter_map(|number| word(number, 0))
    }

    fn strings(&self, tag: u32) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let (count, bytes) = match self.entry(tag) {
            Some((STRINGS, count, bytes)) => (count, bytes),
            _ => (0, &[][..]),
        };
        bytes.split(|&byte| byte == 0).take(count)
    }

    /// The directories of the package, as paths with a slash at the end.
    pub(super) fn directories(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.strings(DIRECTORIES)
    }

    /// The files and directories of the package: each is a directory index and a name. Thousands
    /// may share a directory path of 4 KiB, so no full paths are built.
    pub(super) fn names(&self) -> impl Iterator<Item = (usize, &'a [u8])> + use<'a> {
        let rows = self.numbers(DIRECTORY_ROWS);
        rows.zip(self.strings(BASE_NAMES))
            .filter_map(|(row, name)| Some((usize::try_from(row).ok()?, name)))
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(
        bytes.get(at..at.checked_add(4)?)?.try_into().ok()?,
    ))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A header with these tags, each with its type, count and bytes.
    pub(in crate::packages::rpm) fn built(entries: &[(u32, u32, u32, &[u8])]) -> Vec<u8> {
        let (mut index, mut store) = (Vec::new(), Vec::new());
        for &(tag, kind, count, bytes) in entries {
            let offset = u32::try_from(store.len()).unwrap();
            index.extend(
                [tag, kind, offset, count]
                    .into_iter()
                    .flat_map(u32::to_be_bytes),
            );
            store.extend_from_slice(bytes);
        }
        let lengths =
            [entries.len(), store.len()].map(|length| u32::try_from(length).unwrap().to_be_bytes());
        [lengths.concat(), index, store].concat()
    }

    #[test]
    fn each_base_name_is_joined_with_its_directory() {
        let blob = built(&[
            (NAME, STRING, 1, b"bash\0"),
            (EPOCH, INT32, 1, &[0, 0, 0, 2]),
            (DIRECTORIES, STRINGS, 2, b"/usr/bin/\0/etc/\0"),
            (BASE_NAMES, STRINGS, 3, b"bash\0skel\0out\0"),
            (
                DIRECTORY_ROWS,
                INT32,
                3,
                &[0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 9],
            ),
        ]);
        let header = Header::parse(&blob).unwrap();
        assert_eq!(
            (header.text(NAME).as_deref(), header.number(EPOCH)),
            (Some("bash"), Some(2))
        );
        assert_eq!(
            header.directories().collect::<Vec<_>>(),
            [&b"/usr/bin/"[..], b"/etc/"]
        );
        assert_eq!(
            header.names().collect::<Vec<_>>(),
            [(0, &b"bash"[..]), (1, b"skel"), (9, b"out")]
        );
        assert_eq!(
            (header.text(VENDOR), header.text(EPOCH), header.number(NAME)),
            (None, None, None)
        );
    }

    #[test]
    fn a_truncated_header_is_not_parsed() {
        let blob = built(&[(NAME, STRING, 1, b"bash\0")]);
        for length in 0..blob.len() {
            assert!(Header::parse(&blob[..length]).is_none());
        }
    }
}
