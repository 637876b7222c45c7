//! rpm's own database format, `Packages.db`: pages of slots, each of which points to a package
//! header.
//!
//! Numbers are little-endian. Source: rpm's `lib/backend/ndb/rpmpkg.c`.

use super::{Damage, Remaining, Sink};

/// Length of a slot: its magic, the number of the package, and the offset and length in blocks.
const SLOT: usize = 16;
const PAGE: usize = 4096;
/// Unit of the offsets of headers, in bytes.
const BLOCK: usize = 16;

pub(super) fn headers(file: &[u8], sink: Sink<'_>) -> Result<(), Damage> {
    if !file.starts_with(b"RpmP") {
        return Err(Damage::Magic);
    }
    let pages = number(file, 12)?;
    let end = pages
        .checked_mul(PAGE)
        .filter(|&end| end <= file.len())
        .ok_or(Damage::Outside)?;
    // The file header occupies the first two slots.
    let slots = file.get(2 * SLOT..end).ok_or(Damage::Outside)?;
    let mut remaining = Remaining::of(file);
    for slot in slots
        .chunks_exact(SLOT)
        .filter(|slot| slot.starts_with(b"Slot"))
    {
        let (package, block) = (number(slot, 4)?, number(slot, 8)?);
        // An empty slot.
        if block == 0 {
            continue;
        }
        let at = block.checked_mul(BLOCK).ok_or(Damage::Outside)?;
        let head = file.get(at..at.saturating_add(16)).ok_or(Damage::Outside)?;
        if !head.starts_with(b"BlbS") || number(head, 4)? != package {
            return Err(Damage::Outside);
        }
        let length = number(head, 12)?;
        remaining.take(length)?;
        sink(file.get(at + 16..at + 16 + length).ok_or(Damage::Outside)?);
    }
    Ok(())
}

fn number(bytes: &[u8], at: usize) -> Result<usize, Damage> {
    let bytes = bytes.get(at..at.saturating_add(4)).ok_or(Damage::Outside)?;
    Ok(bytes
        .iter()
        .rev()
        .fold(0, |number, &byte| number << 8 | usize::from(byte)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packages::rpm::tests::collected;

    #[test]
    fn headers_are_found_through_the_slots_of_an_ndb_file() {
        let mut file = vec![0; PAGE + 64];
        file[..4].copy_from_slice(b"RpmP");
        file[12] = 1;
        file[32..48].copy_from_slice(b"Slot\x07\0\0\0\0\x01\0\0\x02\0\0\0");
        file[PAGE..PAGE + 19].copy_from_slice(b"BlbS\x07\0\0\0sum!\x03\0\0\0abc");
        assert_eq!(collected(headers, &file), (vec![b"abc".to_vec()], Ok(())));
        file[PAGE + 15] = 0x70;
        assert_eq!(collected(headers, &file).1, Err(Damage::Cycle));
        assert_eq!(collected(headers, &file[..100]).1, Err(Damage::Outside));
    }

    #[test]
    fn slots_that_all_refer_to_one_empty_header_are_damage() {
        let mut file = vec![0; 2 * PAGE];
        file[..4].copy_from_slice(b"RpmP");
        file[12] = 1;
        for slot in file[2 * SLOT..PAGE].chunks_exact_mut(SLOT) {
            slot.copy_from_slice(b"Slot\x07\0\0\0\0\x01\0\0\0\0\0\0");
        }
        file[PAGE..PAGE + 16].copy_from_slice(b"BlbS\x07\0\0\0sum!\0\0\0\0");
        let (headers, result) = collected(headers, &file[..PAGE + 64]);
        assert_eq!(result, Err(Damage::Cycle));
        assert_eq!(headers.len(), (PAGE + 64) / Remaining::SMALLEST);
    }
}
