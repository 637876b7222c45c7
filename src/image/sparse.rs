//! Sparse files in archives: which pieces of a file are there, in GNU's old format and the three in
//! PAX records.
//!
//! Source: "Storing Sparse Files" in the manual of GNU tar.

use super::archive::decimal;
use super::error::Fault;
use super::tree::Content;

/// More than any file needs, and little enough memory.
pub(super) const MAX_PIECES: usize = 1 << 20;

/// The bytes of a map of that many pieces before the data: a count, then two numbers each, a line
/// each.
pub(super) const MAX_MAP: u64 = (2 * MAX_PIECES as u64 + 1) * 21 + 512;

const PREFIX: &str = "GNU.sparse.";

/// What the PAX records of an entry say of its pieces.
#[derive(Debug, Default)]
pub(super) struct Records {
    name: Option<Vec<u8>>,
    /// The size of the file with its holes.
    length: Option<u64>,
    /// Formats 0.0 and 0.1: place in the file, length.
    map: Vec<(u64, u64)>,
    /// Format 1.0: the map stands before the data.
    map_in_data: bool,
    present: bool,
}

/// Whether a key comes more than once with a meaning.
pub(super) fn repeats(key: &str) -> bool {
    matches!(key.strip_prefix(PREFIX), Some("offset" | "numbytes"))
}

impl Records {
    /// Takes them out of the others.
    pub(super) fn take(records: &mut Vec<(String, Vec<u8>)>) -> Result<Self, Fault> {
        let mut sparse = Self::default();
        let mut offset = None;
        let (mut major, mut minor, mut count) = (None, None, None);
        let place = |name: &str| records.iter().position(|(key, _)| key == name);
        // Python takes the last of the two.
        if let (Some(path), Some(name)) = (place("path"), place("GNU.sparse.name"))
            && path > name
            && records[path].1 != records[name].1
        {
            return Err(Fault::SeveralNames);
        }
        for (key, value) in records.iter() {
            let Some(key) = key.strip_prefix(PREFIX) else {
                continue;
            };
            sparse.present = true;
            let number = || decimal(value).ok_or(Fault::SparseMap);
            match key {
                "name" => sparse.name = Some(value.clone()),
                // Go takes the one, GNU tar the other.
                "size" | "realsize" => {
                    let length = number()?;
                    if sparse
                        .length
                        .replace(length)
                        .is_some_and(|other| other != length)
                    {
                        return Err(Fault::SparseMap);
                    }
                }
                "major" => major = Some(number()?),
                "minor" => minor = Some(number()?),
                "numblocks" => count = Some(number()?),
                "offset" => offset = Some(number()?),
                "numbytes" => sparse
                    .map
                    .push((offset.take().ok_or(Fault::SparseMap)?, number()?)),
                "map" if !value.is_empty() => {
                    let earlier = std::mem::replace(&mut sparse.map, parse_pairs(value, b',')?);
                    if !earlier.is_empty() {
                        return Err(Fault::SparseMap);
                    }
                }
                _ => {}
            }
        }
        // A format that a reader does not know is a plain file to it.
        sparse.map_in_data = match (major, minor) {
            (None, None) | (Some(0), Some(0 | 1)) => false,
            (Some(1), Some(0)) => true,
            _ => return Err(Fault::SparseMap),
        };
        if count.is_some_and(|count| count != sparse.map.len() as u64) {
            return Err(Fault::SparseMap);
        }
        records.retain(|(key, _)| !key.starts_with(PREFIX));
        Ok(sparse)
    }

    pub(super) fn name(&self) -> Option<&[u8]> {
        self.name.as_deref()
    }

    pub(super) fn is_present(&self) -> bool {
        self.present
    }

    /// Whether the map stands before the data.
    pub(super) fn has_map_in_data(&self) -> bool {
        self.present && self.map_in_data
    }

    /// What the entry with these records and `size` bytes of data, which stand at `offset` of the
    /// archive, holds. Where the map stands before the data, `map` is where it is.
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

/// The map of format 1.0: a count, then offsets and lengths, a line each, filled up to whole
/// blocks. Gives the bytes it takes too.
fn map_before(data: &[u8]) -> Result<(Vec<(u64, u64)>, u64), Fault> {
    let mut at = 0;
    let mut line = || {
        let rest = &data[at..];
        let end = rest.iter().take(21).position(|&byte| byte == b'\n')?;
        at += end + 1;
        decimal(&rest[..end])
    };
    let count = line()
        .filter(|&count| count <= MAX_PIECES as u64)
        .ok_or(Fault::SparseMap)?;
    let mut map = Vec::new();
    for _ in 0..count {
        map.push((
            line().ok_or(Fault::SparseMap)?,
            line().ok_or(Fault::SparseMap)?,
        ));
    }
    let used = at.next_multiple_of(512);
    if used > data.len() {
        Err(Fault::SparseMap)
    } else {
        Ok((map, used as u64))
    }
}

/// The pieces of a map as content: they follow each other in the file and, without gaps, in the
/// archive from `offset`, where there are `size` bytes for them.
pub(super) fn pieces(
    map: &[(u64, u64)],
    length: u64,
    offset: u64,
    size: u64,
) -> Result<Content, Fault> {
    let mut pieces = Vec::with_capacity(map.len());
    let (mut filled, mut used) = (0_u64, 0_u64);
    for &(start, count) in map {
        let end = start
            .checked_add(count)
            .filter(|&end| start >= filled && end <= length)
            .ok_or(Fault::SparseMap)?;
        if count > 0 {
            pieces.push((start, offset + used, count));
        }
        used = used
            .checked_add(count)
            .filter(|&used| used <= size)
            .ok_or(Fault::SparseMap)?;
        filled = end;
    }
    if used != size {
        return Err(Fault::SparseMap);
    }
    Ok(Content::Sparse { pieces, length })
}
