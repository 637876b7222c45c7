//! The table `Packages` of an SQLite file, whose rows are a number and a blob.
//!
//! Written by hand because the file is part of a mapped image, and crates that read SQLite need a
//! path and include a full SQL engine. Source: <https://www.sqlite.org/fileformat2.html>, sections
//! 1.3, 1.5, 1.6 and 2.1.

use super::{Damage, Remaining, Sink};

const MAGIC: &[u8] = b"SQLite format 3\0";
/// Maximum depth of a tree. The tree of a file that fits into memory has fewer levels.
const MAX_DEPTH: usize = 20;
/// The values of a row that are read: the tables have at most five columns, and a value without
/// content takes one byte of a row.
const MAX_VALUES: usize = 16;

/// Passes the blobs of the table to `sink`.
pub(super) fn headers(file: &[u8], sink: Sink<'_>) -> Result<(), Damage> {
    let database = Database::open(file)?;
    // The table at page 1 describes the others: type, name, table, first page, and the SQL.
    let mut root = None;
    database.rows(1, &mut |row| {
        let [
            Value::Text(kind),
            Value::Text(name),
            _,
            Value::Number(page),
            ..,
        ] = &values(row)[..]
        else {
            return;
        };
        if *kind == b"table" && *name == b"Packages" {
            root = usize::try_from(*page).ok();
        }
    })?;
    database.rows(root.ok_or(Damage::NoTable)?, &mut |row| {
        let blob = values(row).into_iter().find_map(|value| match value {
            Value::Blob(blob) => Some(blob),
            _ => None,
        });
        if let Some(blob) = blob {
            sink(blob);
        }
    })
}

struct Database<'a> {
    file: &'a [u8],
    page_size: usize,
    /// Length of a page without the reserved bytes at its end.
    usable: usize,
}

impl<'a> Database<'a> {
    fn open(file: &'a [u8]) -> Result<Self, Damage> {
        if !file.starts_with(MAGIC) || file.len() < 100 {
            return Err(Damage::Magic);
        }
        let page_size = match number(file, 16, 2)? {
            // 65536 does not fit into the field.
            1 => 1 << 16,
            size => size,
        };
        // Below 480, which is not valid in the format, the computation of `local` would underflow.
        let usable = page_size
            .checked_sub(usize::from(file[20]))
            .filter(|&usable| usable >= 480);
        Ok(Self {
            file,
            page_size,
            usable: usable.ok_or(Damage::Magic)?,
        })
    }

    /// Returns a page, counted from 1.
    fn page(&self, page: usize) -> Result<&'a [u8], Damage> {
        let start = page
            .checked_sub(1)
            .and_then(|page| page.checked_mul(self.page_size))
            .ok_or(Damage::Outside)?;
        self.file
            .get(start..start.saturating_add(self.page_size))
            .ok_or(Damage::Outside)
    }

    /// Passes the record of each row below a page of a table to `sink`, in order.
    fn rows(&self, root: usize, sink: Sink<'_>) -> Result<(), Damage> {
        const LEAF: u8 = 0x0d;
        const INTERIOR: u8 = 0x05;
        // Each page of a tree is visited once. More visits than pages indicate a cycle.
        let mut left = self.file.len() / self.page_size;
        let mut remaining = Remaining::of(self.file);
        // Pages to read with their depths, the next one last.
        let mut open = vec![(root, 0)];
        while let Some((number_of_page, depth)) = open.pop() {
            left = left.checked_sub(1).ok_or(Damage::Cycle)?;
            let page = self.page(number_of_page)?;
            // The file header precedes the header of the first page.
            let start = if number_of_page == 1 { 100 } else { 0 };
            let cells = number(page, start + 3, 2)?;
            let kind = page.get(start).copied().ok_or(Damage::Outside)?;
            match kind {
                LEAF => {
                    for index in 0..cells {
                        let record = self.record(cell(page, start + 8, index)?)?;
                        remaining.take(record.len())?;
                        sink(&record);
                    }
                }
                INTERIOR if depth < MAX_DEPTH => {
                    // The last child is stored in the header, so the pointers start later.
                    open.push((number(page, start + 8, 4)?, depth + 1));
                    for index in (0..cells).rev() {
                        let child = number(cell(page, start + 12, index)?, 0, 4)?;
                        open.push((child, depth + 1));
                    }
                }
                _ => return Err(Damage::Outside),
            }
        }
        Ok(())
    }

    /// Reads the record of a row: the part in its cell, and the rest on a chain of pages.
    fn record(&self, cell: &[u8]) -> Result<Vec<u8>, Damage> {
        // The length and the row number come first.
        let (length, rest) = varint(cell).ok_or(Damage::Outside)?;
        let (_, rest) = varint(rest).ok_or(Damage::Outside)?;
        let length = usize::try_from(length)
            .ok()
            .filter(|&length| length <= self.file.len())
            .ok_or(Damage::Outside)?;
        // X, M and K in section 1.6. With them, the rest fills whole pages of the chain.
        let most = self.usable - 35;
        let least = (self.usable - 12) * 32 / 255 - 23;
        let local = match least + (length.max(least) - least) % (self.usable - 4) {
            _ if length <= most => length,
            local if local <= most => local,
            _ => least,
        };
        let mut record = rest.get(..local).ok_or(Damage::Outside)?.to_vec();
        let mut next = if local < length {
            number(rest, local, 4)?
        } else {
            0
        };
        while record.len() < length {
            let page = self.page(next)?;
            next = number(page, 0, 4)?;
            let count = (length - record.len()).min(self.usable - 4);
            record.extend_from_slice(&page[4..4 + count]);
        }
        Ok(record)
    }
}

/// Returns a cell of a page, whose pointers start at `pointers`.
fn cell(page: &[u8], pointers: usize, index: usize) -> Result<&[u8], Damage> {
    let at = number(page, pointers + 2 * index, 2)?;
    page.get(at..).ok_or(Damage::Outside)
}

enum Value<'a> {
    Number(u64),
    Text(&'a [u8]),
    Blob(&'a [u8]),
    Other,
}

/// Decodes the columns of a record; columns outside of it are skipped.
fn values(record: &[u8]) -> Vec<Value<'_>> {
    let mut values = Vec::new();
    let Some((header, mut types)) = varint(record) else {
        return values;
    };
    let used = record.len() - types.len();
    let Some(header) = usize::try_from(header)
        .ok()
        .filter(|&header| (used..=record.len()).contains(&header))
    else {
        return values;
    };
    types = &types[..header - used];
    let mut body = &record[header..];
    while values.len() < MAX_VALUES
        && let Some((kind, rest)) = varint(types)
    {
        types = rest;
        // The table of section 2.1. 0 is NULL, 7 a float, and 8 and 9 are the numbers 0 and 1.
        let length = match kind {
            0 | 8 | 9 => 0,
            1..=4 => kind,
            5 => 6,
            6 | 7 => 8,
            _ => kind.saturating_sub(12) / 2,
        };
        let Some((bytes, rest)) = usize::try_from(length)
            .ok()
            .and_then(|length| body.split_at_checked(length))
        else {
            break;
        };
        body = rest;
        values.push(match kind {
            1..=6 => Value::Number(
                bytes
                    .iter()
                    .fold(0, |number, &byte| number << 8 | u64::from(byte)),
            ),
            8 | 9 => Value::Number(kind - 8),
            12.. if kind % 2 == 0 => Value::Blob(bytes),
            13.. => Value::Text(bytes),
            _ => Value::Other,
        });
    }
    values
}

fn number(bytes: &[u8], at: usize, size: usize) -> Result<usize, Damage> {
    let bytes = bytes
        .get(at..at.saturating_add(size))
        .ok_or(Damage::Outside)?;
    Ok(bytes
        .iter()
        .fold(0, |number, &byte| number << 8 | usize::from(byte)))
}

/// Decodes a number with seven bits per byte, the highest first; the ninth byte has eight.
fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0;
    for (index, &byte) in bytes.iter().enumerate().take(9) {
        if index == 8 {
            return Some((value << 8 | u64::from(byte), &bytes[9..]));
        }
        value = value << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((value, &bytes[index + 1..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packages::rpm::tests::collected;

    #[test]
    fn varints_hold_seven_bits_in_each_byte() {
        assert_eq!(varint(&[0x7f, 9]), Some((127, &[9][..])));
        assert_eq!(varint(&[0x81, 0x00]), Some((128, &[][..])));
        assert_eq!(varint(&[0xff; 9]), Some((u64::MAX, &[][..])));
        assert_eq!(varint(&[0x80; 3]), None);
    }

    #[test]
    fn values_without_content_are_limited() {
        let mut row = vec![0; 1000];
        // The size of the header in two bytes.
        row[..2].copy_from_slice(&[0x87, 0x68]);
        assert_eq!(values(&row).len(), MAX_VALUES);
    }

    #[test]
    fn a_file_that_is_not_a_database_is_reported_as_damaged() {
        assert_eq!(collected(headers, b"").1, Err(Damage::Magic));
        let mut file = [MAGIC, &[0; 600]].concat();
        file[16] = 2;
        assert_eq!(collected(headers, &file).1, Err(Damage::Outside));
    }
}
