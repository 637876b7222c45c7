//! Berkeley DB's hash file `Packages` of CentOS 7 and RHEL 8. Only values on separate pages are
//! read, because package headers are too long to be stored in any other way.
//!
//! Source: the structures of Berkeley DB's `dbinc/db_page.h`.

use super::{Damage, Remaining, Sink};

const HASH_MAGIC: u32 = 0x0006_1561;
// Page types: unsorted and sorted hash entries, and a part of a long value.
const HASH_UNSORTED: u8 = 2;
const HASH: u8 = 13;
const OVERFLOW: u8 = 7;
/// Type of an item that refers to such pages.
const OFF_PAGE: u8 = 3;
/// Length of a page header: the LSN, three page numbers, the number of entries, an offset, and the
/// level and type of the page.
const PAGE_HEADER: usize = 26;

pub(super) fn headers(file: &[u8], sink: Sink<'_>) -> Result<(), Damage> {
    let magic: [u8; 4] = file
        .get(12..16)
        .and_then(|magic| magic.try_into().ok())
        .ok_or(Damage::Magic)?;
    // Berkeley DB writes in the machine's byte order and reads both.
    let is_little = match HASH_MAGIC {
        magic_number if u32::from_le_bytes(magic) == magic_number => true,
        magic_number if u32::from_be_bytes(magic) == magic_number => false,
        _ => return Err(Damage::Magic),
    };
    let mut database = Database {
        file,
        page_size: 0,
        is_little,
    };
    database.page_size = database.number(file, 20, 4)?;
    // The bounds of Berkeley DB. With a page size of 0, the loop would never end.
    if !(512..=1 << 16).contains(&database.page_size) {
        return Err(Damage::Magic);
    }
    let mut remaining = Remaining::of(file);
    // The first page is the metadata.
    for page in file.chunks_exact(database.page_size).skip(1) {
        if !matches!(page[25], HASH_UNSORTED | HASH) {
            continue;
        }
        let entries = database.number(page, 20, 2)?;
        // Keys and values alternate, and only the values are headers.
        for index in (1..entries).step_by(2) {
            let at = database.number(page, PAGE_HEADER + 2 * index, 2)?;
            if page.get(at) == Some(&OFF_PAGE) {
                // The page and the length follow the type and three unused bytes.
                let first_page = database.number(page, at + 4, 4)?;
                let length = database.number(page, at + 8, 4)?;
                remaining.take(length)?;
                sink(&database.value(first_page, length)?);
            }
        }
    }
    Ok(())
}

struct Database<'a> {
    file: &'a [u8],
    page_size: usize,
    is_little: bool,
}

impl Database<'_> {
    /// Reads the value that begins on a page, and is not longer than the file.
    fn value(&self, mut page_number: usize, length: usize) -> Result<Vec<u8>, Damage> {
        let mut value = Vec::with_capacity(length);
        while value.len() < length {
            let start = page_number
                .checked_mul(self.page_size)
                .ok_or(Damage::Outside)?;
            let page = self
                .file
                .get(start..start.saturating_add(self.page_size))
                .ok_or(Damage::Outside)?;
            if page[25] != OVERFLOW {
                return Err(Damage::Outside);
            }
            let rest = &page[PAGE_HEADER..];
            value.extend_from_slice(&rest[..rest.len().min(length - value.len())]);
            page_number = self.number(page, 16, 4)?;
        }
        Ok(value)
    }

    fn number(&self, bytes: &[u8], at: usize, size: usize) -> Result<usize, Damage> {
        let bytes = bytes
            .get(at..at.saturating_add(size))
            .ok_or(Damage::Outside)?;
        // The most significant byte comes first in the sum.
        let mut number = 0;
        if self.is_little {
            for &byte in bytes.iter().rev() {
                number = number << 8 | usize::from(byte);
            }
        } else {
            for &byte in bytes {
                number = number << 8 | usize::from(byte);
            }
        }
        Ok(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packages::rpm::tests::collected;

    /// A metadata page, a hash page with one pair, and two pages with a value of 600 bytes.
    fn file() -> Vec<u8> {
        let mut file = vec![0; 4 * 512];
        file[12..16].copy_from_slice(&HASH_MAGIC.to_le_bytes());
        file[20..24].copy_from_slice(&512_u32.to_le_bytes());
        let page = &mut file[512..1024];
        page[20] = 2;
        page[25] = HASH;
        page[26..30].copy_from_slice(&[0xf0, 1, 0x80, 1]);
        page[0x180..0x18c].copy_from_slice(&[OFF_PAGE, 0, 0, 0, 2, 0, 0, 0, 0x58, 2, 0, 0]);
        for (place, next) in [(1024, 3), (1536, 0)] {
            file[place + 16] = next;
            file[place + 25] = OVERFLOW;
            file[place + 26..place + 512].fill(b'x');
        }
        file
    }

    #[test]
    fn a_long_value_is_read_across_overflow_pages() {
        assert_eq!(collected(headers, &file()), (vec![vec![b'x'; 600]], Ok(())));
    }

    #[test]
    fn a_page_chain_outside_the_file_is_damage() {
        let mut outside = file();
        outside[1024 + 16] = 9;
        assert_eq!(collected(headers, &outside).1, Err(Damage::Outside));
        let short = &file()[..1024];
        assert_eq!(collected(headers, short).1, Err(Damage::Outside));
        let other = b"not a database";
        assert_eq!(collected(headers, other).1, Err(Damage::Magic));
    }
}
