//! `/etc/ld.so.cache`, which `ldconfig` writes and glibc's loader reads.
//!
//! Two formats, from glibc's `dl-cache.h`. For very old loaders, the old one may precede the new
//! one in the same file; the new one is then used.

use std::collections::BTreeMap;

use crate::elf::file::Endian;

/// Library names and their paths, in file order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cache {
    entries: BTreeMap<Vec<u8>, Vec<Entry>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// The kind of library in the low byte, the ABI in the next.
    pub(super) flags: u32,
    pub(super) path: Vec<u8>,
    pub(super) target: Target,
}

/// The processors that an entry applies to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    All,
    /// Processors of a level: the name of the level's directory below `glibc-hwcaps`.
    Level(Vec<u8>),
    /// Processors with certain capabilities, as written by `ldconfig` before 2.33.
    Capabilities,
}

impl Entry {
    pub(super) fn is_variant(&self) -> bool {
        self.target != Target::All
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CacheError {
    #[error("it is not a loader cache")]
    Magic,
    #[error("it is truncated")]
    Short,
    #[error("too many of its strings overlap")]
    Strings,
}

const OLD_MAGIC: &[u8] = b"ld.so-1.7.0\0";
const NEW_MAGIC: &[u8] = b"glibc-ld.so.cache1.1";
const OLD_HEADER: usize = 16;
const OLD_ENTRY: usize = 12;
const NEW_HEADER: usize = 48;
const NEW_ENTRY: usize = 24;
const EXTENSION_MAGIC: usize = 0xeaa4_2174;
const LEVELS_TAG: usize = 1;
/// There are two kinds of sections, and a handful of levels.
const MAX_SECTIONS: usize = 64;
const MAX_LEVELS: usize = 256;
/// Maximum length of a string: `PATH_MAX` of Linux.
const MAX_STRING: usize = 4096;
/// Names are often suffixes of paths and share their bytes; sharing them more than this many times
/// can only be meant to exhaust memory.
const MAX_SHARING: usize = 8;

impl Cache {
    /// Reads either format. `endian` is that of the loader; recent files declare their own.
    pub fn parse(bytes: &[u8], endian: Endian) -> Result<Self, CacheError> {
        if bytes.starts_with(NEW_MAGIC) {
            return Reader::new(bytes, endian).read_new(0);
        }
        if !bytes.starts_with(OLD_MAGIC) {
            return Err(CacheError::Magic);
        }
        let mut reader = Reader::new(bytes, endian);
        let count = reader.number(12).ok_or(CacheError::Short)?;
        let end = count
            .checked_mul(OLD_ENTRY)
            .and_then(|size| size.checked_add(OLD_HEADER))
            .ok_or(CacheError::Short)?;
        // The new header is aligned because of its 8-byte fields.
        let new = end.checked_next_multiple_of(8).ok_or(CacheError::Short)?;
        if bytes
            .get(new..)
            .is_some_and(|rest| rest.starts_with(NEW_MAGIC))
        {
            return reader.read_new(new);
        }
        reader.read_entries(OLD_HEADER, OLD_ENTRY, count, end)?;
        Ok(reader.cache)
    }

    pub fn len(&self) -> usize {
        self.entries.values().map(Vec::len).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn entries(&self, name: &[u8]) -> &[Entry] {
        self.entries
            .get(name)
            .map(Vec::as_slice)
            .unwrap_or_default()
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    endian: Endian,
    /// Remaining budget for strings, in bytes.
    budget: usize,
    /// The names of levels, which entries refer to by number.
    levels: Vec<Vec<u8>>,
    cache: Cache,
}

impl<'a> Reader<'a> {
    fn new(bytes: &'a [u8], endian: Endian) -> Self {
        Self {
            bytes,
            endian,
            budget: bytes.len().saturating_mul(MAX_SHARING),
            levels: Vec::new(),
            cache: Cache::default(),
        }
    }

    /// The 4-byte number at an offset in the file.
    fn number(&self, at: usize) -> Option<usize> {
        let field: [u8; 4] = self.bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
        let number = match self.endian {
            Endian::Little => u32::from_le_bytes(field),
            Endian::Big => u32::from_be_bytes(field),
        };
        usize::try_from(number).ok()
    }

    /// Reads the new format, whose string offsets are relative to its header.
    fn read_new(mut self, header: usize) -> Result<Cache, CacheError> {
        // Since glibc 2.33, the byte order is stored here; older files have zeros.
        match self.bytes.get(header + 28).ok_or(CacheError::Short)? & 3 {
            2 => self.endian = Endian::Little,
            3 => self.endian = Endian::Big,
            _ => {}
        }
        let count = self.number(header + 20).ok_or(CacheError::Short)?;
        self.read_levels(header);
        self.read_entries(header + NEW_HEADER, NEW_ENTRY, count, header)?;
        Ok(self.cache)
    }

    /// Reads the extension area, if there is one: sections with tag, flags, offset and size; the
    /// one with tag 1 lists levels. Offsets of the area and its sections are relative to the file,
    /// those of strings to the header.
    fn read_levels(&mut self, header: usize) -> Option<()> {
        let extension =
            header.checked_add(self.number(header + 32).filter(|&offset| offset != 0)?)?;
        // Without the area, the file was written before glibc 2.33 and has no levels.
        if self.number(extension)? != EXTENSION_MAGIC {
            return None;
        }
        for index in 0..self.number(extension + 4)?.min(MAX_SECTIONS) {
            let section = extension + 8 + index * 16;
            // The other known section names the program that wrote the file.
            if self.number(section)? != LEVELS_TAG {
                continue;
            }
            let (offset, size) = (
                header.checked_add(self.number(section + 8)?)?,
                self.number(section + 12)?,
            );
            for level in 0..(size / 4).min(MAX_LEVELS) {
                let text = self.string(header, self.number(offset + level * 4)?).ok()?;
                self.levels.push(text);
            }
        }
        Some(())
    }

    /// Reads the 8 bytes of capabilities: if bit 62 is set, they are the number of a level.
    fn target(&self, low: usize, high: usize) -> Target {
        const IS_LEVEL: usize = 1 << 30;
        match (low, high) {
            (0, 0) => Target::All,
            (level, IS_LEVEL) => self
                .levels
                .get(level)
                .map_or(Target::Capabilities, |name| Target::Level(name.clone())),
            _ => Target::Capabilities,
        }
    }

    /// Entries begin with the same fields in both formats: flags, name, path; in the new one, 4
    /// bytes of OS version and 8 bytes of processor capabilities follow.
    fn read_entries(
        &mut self,
        start: usize,
        size: usize,
        count: usize,
        strings: usize,
    ) -> Result<(), CacheError> {
        for index in 0..count {
            let at = index
                .checked_mul(size)
                .and_then(|offset| offset.checked_add(start))
                .ok_or(CacheError::Short)?;
            let field = |offset: usize| self.number(at + offset).ok_or(CacheError::Short);
            let flags = u32::try_from(field(0)?).map_err(|_| CacheError::Short)?;
            let (name, path) = (field(4)?, field(8)?);
            // The capabilities are one 8-byte number, whose halves are in the byte order of the
            // file.
            let target = match (size, self.endian) {
                (OLD_ENTRY, _) => Target::All,
                (_, Endian::Little) => self.target(field(16)?, field(20)?),
                (_, Endian::Big) => self.target(field(20)?, field(16)?),
            };
            let name = self.string(strings, name)?;
            let path = self.string(strings, path)?;
            self.cache.entries.entry(name).or_default().push(Entry {
                flags,
                path,
                target,
            });
        }
        Ok(())
    }

    fn string(&mut self, strings: usize, offset: usize) -> Result<Vec<u8>, CacheError> {
        let rest = strings
            .checked_add(offset)
            .and_then(|at| self.bytes.get(at..))
            .ok_or(CacheError::Short)?;
        let rest = &rest[..rest.len().min(MAX_STRING)];
        let text = &rest[..memchr::memchr(0, rest).ok_or(CacheError::Short)?];
        // All entries may point to the same long string.
        self.budget = self
            .budget
            .checked_sub(text.len())
            .ok_or(CacheError::Strings)?;
        Ok(text.to_vec())
    }
}
