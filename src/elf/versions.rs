//! Symbol versions that a file requires from its libraries, and those that it defines.

use super::file::Elf;

/// Both tables of a file. Names are bytes, in file order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Versions {
    pub needs: Vec<VersionNeed>,
    pub definitions: Vec<Vec<u8>>,
}

/// The versions required from one library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionNeed {
    pub library: Vec<u8>,
    /// The versions without which the loader aborts the process.
    pub versions: Vec<Vec<u8>>,
}

/// `VER_FLG_WEAK`: the loader only warns.
const WEAK: u64 = 2;
/// `VER_FLG_BASE`: the entry names the file itself.
const BASE: u64 = 1;
/// Maximum number of entries of both kinds; libc has about fifty. In a hostile file, entries may
/// overlap.
const MAX_ENTRIES: usize = 1 << 14;
/// Real version names have about twenty bytes.
const MAX_NAME: usize = 1024;

impl Elf {
    /// Reads `DT_VERNEED` and `DT_VERDEF`; an entry that lies outside the file ends its table.
    /// `bytes` is the file that this was parsed from.
    pub fn versions(&self, bytes: &[u8]) -> Versions {
        let mut budget = MAX_ENTRIES;
        let mut versions = Versions::default();
        if let Some((at, count)) = self.tables.version_needs {
            self.read_needs(bytes, at, count, &mut budget, &mut versions.needs);
        }
        if let Some((at, count)) = self.tables.version_definitions {
            self.read_definitions(bytes, at, count, &mut budget, &mut versions.definitions);
        }
        versions
    }

    /// `Verneed`: version, count of versions (2 bytes each), library, first version, next (4 each);
    /// and of each version `Vernaux`: hash (4), flags, index (2 each), name, next (4 each). Both
    /// classes have the same layout.
    fn read_needs(
        &self,
        bytes: &[u8],
        mut at: usize,
        count: u64,
        budget: &mut usize,
        needs: &mut Vec<VersionNeed>,
    ) -> Option<()> {
        for _ in 0..count {
            let number = |offset: usize, size| self.number(bytes, at.checked_add(offset)?, size);
            let library = self.version_name(bytes, number(4, 4)?)?;
            let mut versions = Vec::new();
            let mut entry = at.checked_add(usize::try_from(number(8, 4)?).ok()?)?;
            for _ in 0..number(2, 2)? {
                *budget = budget.checked_sub(1)?;
                let number =
                    |offset: usize, size| self.number(bytes, entry.checked_add(offset)?, size);
                if number(4, 2)? & WEAK == 0 {
                    versions.push(self.version_name(bytes, number(8, 4)?)?);
                }
                // The count of an entry may be larger than its list, which ends here.
                let Some(next) = self.next(bytes, entry, 12) else {
                    break;
                };
                entry = next;
            }
            needs.push(VersionNeed { library, versions });
            *budget = budget.checked_sub(1)?;
            at = self.next(bytes, at, 12)?;
        }
        Some(())
    }

    /// `Verdef`: version, flags, index, count (2 each), hash, first name, next (4 each); `Verdaux`:
    /// name, next.
    fn read_definitions(
        &self,
        bytes: &[u8],
        mut at: usize,
        count: u64,
        budget: &mut usize,
        definitions: &mut Vec<Vec<u8>>,
    ) -> Option<()> {
        for _ in 0..count {
            *budget = budget.checked_sub(1)?;
            let number = |offset: usize, size| self.number(bytes, at.checked_add(offset)?, size);
            // The name of the base entry is the SONAME, which no file requires as a version.
            if number(2, 2)? & BASE == 0 {
                let first = at.checked_add(usize::try_from(number(12, 4)?).ok()?)?;
                definitions.push(self.version_name(bytes, self.number(bytes, first, 4)?)?);
            }
            at = self.next(bytes, at, 16)?;
        }
        Some(())
    }

    fn version_name(&self, bytes: &[u8], offset: u64) -> Option<Vec<u8>> {
        let name = self.string(bytes, offset)?;
        if name.len() > MAX_NAME {
            return None;
        }
        Some(name.to_vec())
    }

    /// The entry after the one at `at`; its distance is in the field at `offset`, which is zero in
    /// the last entry.
    fn next(&self, bytes: &[u8], at: usize, offset: usize) -> Option<usize> {
        let distance = usize::try_from(self.number(bytes, at.checked_add(offset)?, 4)?).ok()?;
        if distance == 0 {
            None
        } else {
            at.checked_add(distance)
        }
    }
}
