//! Symbols that a file imports and exports. As in loaders, their number is taken from the hash
//! tables, not from sections.

use super::file::Elf;

/// A name may be a suffix of another, so the names can be longer in total than the table that
/// contains them, but not by much; a larger factor would only waste time.
const MAX_SHARING: usize = 16;

/// The largest libraries have a few hundred thousand. Hash tables may claim any number, and a
/// sparse file of zeros can have any number of symbols.
const MAX_SYMBOLS: usize = 1 << 21;

const LOCAL: u64 = 0;
const GLOBAL: u64 = 1;

/// The fields of an entry of the symbol table that are read.
struct Symbol {
    /// The offset of its name in the string table.
    name: u64,
    /// `STB_LOCAL`, `STB_GLOBAL`, `STB_WEAK`…
    binding: u64,
    /// 0 if the symbol is defined in another file.
    section: u64,
}

impl Elf {
    /// The names of undefined dynamic symbols, in table order. `bytes` is the file that this was
    /// parsed from.
    pub fn imports<'a>(&'a self, bytes: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        self.symbols(bytes, |symbol| symbol.section == 0)
    }

    /// The names of undefined dynamic symbols that must be defined somewhere.
    pub fn strong_imports<'a>(&'a self, bytes: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        self.symbols(bytes, |symbol| {
            symbol.section == 0 && symbol.binding == GLOBAL
        })
    }

    /// The names of dynamic symbols that the file defines and exports, in table order.
    pub fn exports<'a>(&'a self, bytes: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        self.symbols(bytes, |symbol| {
            symbol.section != 0 && symbol.binding != LOCAL
        })
    }

    fn symbols<'a>(
        &'a self,
        bytes: &'a [u8],
        wanted: fn(&Symbol) -> bool,
    ) -> impl Iterator<Item = &'a [u8]> {
        let size = if self.is_64 { 24 } else { 16 };
        let start = self.tables.symbols.unwrap_or(usize::MAX);
        let count = self.symbol_count(bytes).unwrap_or(0).min(MAX_SYMBOLS);
        // The name of every symbol may be almost the whole string table, which would make the total
        // quadratic.
        let names = self.tables.strings.map_or(0, |(_, size)| size);
        let names = names.min(bytes.len());
        let mut budget = names.saturating_mul(MAX_SHARING);
        // Symbol 0 is reserved and has no name.
        (1..count)
            .map_while(move |index| start.checked_add(index.checked_mul(size)?))
            .map_while(move |at| self.symbol(bytes, at))
            .filter(wanted)
            .map_while(move |symbol| {
                let name = self.string(bytes, symbol.name);
                // The terminator of a name without one was searched for up to the end.
                let offset = usize::try_from(symbol.name).unwrap_or(usize::MAX);
                let searched = name.map_or(names.saturating_sub(offset), <[u8]>::len);
                budget = budget.checked_sub(searched)?;
                Some(name.unwrap_or_default())
            })
            .filter(|name| !name.is_empty())
    }

    fn symbol(&self, bytes: &[u8], at: usize) -> Option<Symbol> {
        // The two classes order the fields differently.
        let (info, section) = if self.is_64 { (4, 6) } else { (12, 14) };
        Some(Symbol {
            name: self.number(bytes, at, 4)?,
            binding: self.number(bytes, at.checked_add(info)?, 1)? >> 4,
            section: self.number(bytes, at.checked_add(section)?, 2)?,
        })
    }

    fn symbol_count(&self, bytes: &[u8]) -> Option<usize> {
        let count = match (self.tables.hash, self.tables.gnu_hash) {
            // `DT_HASH` contains the number itself, while `DT_GNU_HASH` has to be walked.
            (Some(at), _) => self.count_by_hash(bytes, at)?,
            (None, Some(at)) => self.count_by_gnu_hash(bytes, at)?,
            (None, None) => return None,
        };
        usize::try_from(count).ok()
    }

    /// The number of symbols from `DT_HASH`, which has a chain for each symbol. Alpha and s390x use
    /// 8-byte words there.
    fn count_by_hash(&self, bytes: &[u8], at: usize) -> Option<u64> {
        const ALPHA: u16 = 0x9026;
        const S390: u16 = 22;
        let word = if self.is_64 && matches!(self.machine, ALPHA | S390) {
            8
        } else {
            4
        };
        self.number(bytes, at.checked_add(word)?, word)
    }

    /// The number of symbols from `DT_GNU_HASH`, which omits the symbols below `first`, sorts the
    /// others by bucket, and marks the last one of each bucket.
    fn count_by_gnu_hash(&self, bytes: &[u8], at: usize) -> Option<u64> {
        let field = |index: usize| self.number(bytes, at.checked_add(index.checked_mul(4)?)?, 4);
        let (bucket_count, first, filter_words) = (field(0)?, field(1)?, field(2)?);
        let filter_word = if self.is_64 { 2 } else { 1 };
        let buckets = usize::try_from(filter_words)
            .ok()?
            .checked_mul(filter_word)?
            .checked_add(4)?;
        let bucket_count = usize::try_from(bucket_count).ok()?;
        let mut last = 0;
        // The bucket with the highest start has the last chain.
        for index in 0..bucket_count {
            last = last.max(field(buckets.checked_add(index)?)?);
        }
        // No bucket is used: all symbols are undefined.
        if last < first {
            return Some(first);
        }
        let chains = buckets.checked_add(bucket_count)?;
        loop {
            let chain = chains.checked_add(usize::try_from(last - first).ok()?)?;
            last += 1;
            if field(chain)? & 1 == 1 {
                return Some(last);
            }
        }
    }
}
