//! Sparse files in archives: the pieces of a file that are stored, in GNU's old format and the
//! three in PAX records.
//!
//! Source: "Storing Sparse Files" in the manual of GNU tar.

use super::archive::decimal;
use super::error::Fault;
use super::tree::Content;

/// Maximum number of pieces of a file: more than any file needs, but little memory.
pub(super) const MAX_PIECES: usize = 1 << 20;

/// Maximum size of a format 1.0 map in bytes: a count, then two numbers for each piece, one per
/// line, padded to a block.
pub(super) const MAX_MAP: u64 = (2 * MAX_PIECES as u64 + 1) * 21 + 512;

const PREFIX: &str = "GNU.sparse.";

/// The pieces of an entry as its PAX records describe them.
#[derive(Debug, Default)]
pub(super) struct Records {
    name: Option<Vec<u8>>,
    /// The size of the file with its holes.
    length: Option<u64>,
    /// The map of formats 0.0 and 0.1: pairs of offset in the file and length.
    map: Vec<(u64, u64)>,
    /// Whether the map is at the start of the data, as in format 1.0.
    map_in_data: bool,
    present: bool,
}

/// Whether a key may occur more than once: format 0.0 has two records for each piece.
pub(super) fn repeats(key: &str) -> bool {
    matches!(key.strip_prefix(PREFIX), Some("offset" | "numbytes"))
}

impl Records {
    /// Removes the records of a sparse file from the others.
    pub(super) fn take(records: &mut Vec<(String, Vec<u8>)>) -> Result<Self, Fault> {
        let mut sparse = Self::default();
        let mut offset = None;
        let (mut major, mut minor, mut count) = (None, None, None);
        check_names(records)?;
        for (key, value) in records.iter() {
            let Some(key) = key.strip_prefix(PREFIX) else {
                continue;
            };
            sparse.present = true;
            match key {
                "name" => sparse.name = Some(value.clone()),
                // Both are the size with holes, in different formats. Go uses one, GNU tar the
                // other, so they must agree.
                "size" | "realsize" => {
                    let length = number(value)?;
                    if sparse.length.is_some_and(|other| other != length) {
                        return Err(Fault::SparseMap);
                    }
                    sparse.length = Some(length);
                }
                "major" => major = Some(value.as_slice()),
                "minor" => minor = Some(value.as_slice()),
                "numblocks" => count = Some(number(value)?),
                // In format 0.0, the offset of a piece is in one record and its length in the next.
                "offset" => offset = Some(number(value)?),
                "numbytes" => {
                    let offset = offset.take().ok_or(Fault::SparseMap)?;
                    sparse.map.push((offset, number(value)?));
                }
                // In format 0.1, all of them are in one record; a second map would describe
                // different content.
                "map" if !value.is_empty() => {
                    let earlier = std::mem::replace(&mut sparse.map, parse_pairs(value, b',')?);
                    if !earlier.is_empty() {
                        return Err(Fault::SparseMap);
                    }
                }
                _ => {}
            }
        }
        if !sparse.present {
            return Ok(sparse);
        }
        // A reader that does not support a format reads a regular file with another name, so only
        // formats that all readers support are accepted. Go compares versions as text, so `00` is
        // not `0`; without a version, it looks for a map.
        sparse.map_in_data = match (major, minor) {
            (None, None) if !sparse.map.is_empty() => false,
            (Some(b"0"), Some(b"0" | b"1")) => false,
            (Some(b"1"), Some(b"0")) if sparse.map.is_empty() => true,
            _ => return Err(Fault::SparseMap),
        };
        // Go requires the count in formats whose map is in records.
        if !sparse.map_in_data && count != Some(sparse.map.len() as u64) {
            return Err(Fault::SparseMap);
        }
        records.retain(|(key, _)| !key.starts_with(PREFIX));
        Ok(sparse)
    }

    /// The real name: the entry itself has a made-up name for readers that do not support sparse
    /// files.
    pub(super) fn name(&self) -> Option<&[u8]> {
        self.name.as_deref()
    }

    pub(super) fn is_present(&self) -> bool {
        self.present
    }

    /// Whether the map is at the start of the data.
    pub(super) fn has_map_in_data(&self) -> bool {
        self.present && self.map_in_data
    }

    /// The content of an entry with these records and `size` bytes of data at `offset` in the
    /// archive. If the map is in the data, `map` is the start of the data.
    pub(super) fn content(self, map: &[u8], size: u64, offset: u64) -> Result<Content, Fault> {
        if !self.present {
            return Ok(Content::Archived {
                offset,
                length: size,
            });
        }
        let length = self.length.ok_or(Fault::SparseMap)?;
        if !self.map_in_data {
            return pieces(&self.map, length, offset, size);
        }
        let (map, used) = map_before(map)?;
        pieces(
            &map,
            length,
            offset + used,
            size.checked_sub(used).ok_or(Fault::SparseMap)?,
        )
    }
}

/// Refuses a path record after the name of a sparse file that differs from it, because Python uses
/// the last of the two.
fn check_names(records: &[(String, Vec<u8>)]) -> Result<(), Fault> {
    let path = records.iter().position(|(key, _)| key == "path");
    let name = records.iter().position(|(key, _)| key == "GNU.sparse.name");
    match (path, name) {
        (Some(path), Some(name)) if path > name && records[path].1 != records[name].1 => {
            Err(Fault::SeveralNames)
        }
        _ => Ok(()),
    }
}

fn number(value: &[u8]) -> Result<u64, Fault> {
    decimal(value).ok_or(Fault::SparseMap)
}

fn parse_pairs(text: &[u8], separator: u8) -> Result<Vec<(u64, u64)>, Fault> {
    let numbers: Option<Vec<u64>> = text.split(|&byte| byte == separator).map(decimal).collect();
    let (pairs, []) = numbers.as_deref().ok_or(Fault::SparseMap)?.as_chunks::<2>() else {
        return Err(Fault::SparseMap);
    };
    Ok(pairs
        .iter()
        .map(|&[offset, length]| (offset, length))
        .collect())
}

/// Parses the map of format 1.0: a count, then offsets and lengths, one per line, padded to whole
/// blocks. Also returns its size in bytes.
fn map_before(data: &[u8]) -> Result<(Vec<(u64, u64)>, u64), Fault> {
    let mut rest = data;
    let count = number_in_line(&mut rest)?;
    // The count determines how much is read, so it is checked first.
    if count > MAX_PIECES as u64 {
        return Err(Fault::SparseMap);
    }
    let mut map = Vec::new();
    for _ in 0..count {
        let offset = number_in_line(&mut rest)?;
        let length = number_in_line(&mut rest)?;
        map.push((offset, length));
    }
    let used = (data.len() - rest.len()).next_multiple_of(512);
    if used > data.len() {
        Err(Fault::SparseMap)
    } else {
        Ok((map, used as u64))
    }
}

/// Takes a line with a number from the start of the map.
fn number_in_line(rest: &mut &[u8]) -> Result<u64, Fault> {
    // The largest number has 20 digits.
    let end = rest.iter().take(21).position(|&byte| byte == b'\n');
    let end = end.ok_or(Fault::SparseMap)?;
    let line = &rest[..end];
    *rest = &rest[end + 1..];
    number(line)
}

/// Converts a map to content. Its pieces must be in order in the file; in the archive, they are
/// stored without gaps in `size` bytes at `offset`.
pub(super) fn pieces(
    map: &[(u64, u64)],
    length: u64,
    offset: u64,
    size: u64,
) -> Result<Content, Fault> {
    let mut pieces = Vec::with_capacity(map.len());
    let (mut filled, mut used) = (0_u64, 0_u64);
    for &(start, count) in map {
        let end = start.checked_add(count).ok_or(Fault::SparseMap)?;
        // Tools differ in how they read overlapping pieces and pieces beyond the end.
        if start < filled || end > length {
            return Err(Fault::SparseMap);
        }
        // GNU tar ends a map with an empty piece at the end of the file.
        if count > 0 {
            pieces.push((start, offset + used, count));
        }
        used = used.checked_add(count).ok_or(Fault::SparseMap)?;
        if used > size {
            return Err(Fault::SparseMap);
        }
        filled = end;
    }
    if used != size {
        return Err(Fault::SparseMap);
    }
    Ok(Content::Sparse { pieces, length })
}
