//! Strings that a program's code refers to by address and length, as in Go and Rust.
//!
//! Their strings are stored one after the other without terminators, so only the code determines
//! where each begins and ends: one instruction loads the address, another one nearby loads the
//! length. Only x86-64 code is analyzed; nothing is found in files for other processors. Adjacent
//! addresses and lengths in data count as well.

use std::collections::BTreeSet;

use goblin::elf::header::EM_X86_64;
use goblin::elf::program_header::{PF_X, PT_LOAD, ProgramHeader};

use super::file::{Elf, file_offset, read_program_headers};

/// Distance in bytes from the load of an address within which the length may be loaded.
const NEAR: usize = 24;

/// The strings of at most `longest` bytes that code and data refer to. Some are found by
/// coincidence, so the caller compares them with existing names.
pub fn referred_texts<'a>(bytes: &'a [u8], elf: &Elf, longest: usize) -> BTreeSet<&'a [u8]> {
    let mut texts = BTreeSet::new();
    // Other processors load an address with two instructions, in various forms.
    if elf.machine != EM_X86_64 || !elf.is_64 {
        return texts;
    }
    let Ok(headers) = read_program_headers(bytes, elf) else {
        return texts;
    };
    for header in headers.iter().filter(|header| header.p_type == PT_LOAD) {
        let Some((start, segment)) = content(bytes, header) else {
            continue;
        };
        // GNU ld keeps code and read-only data in separate segments since 2.31.
        if header.p_flags & PF_X == 0 {
            from_data(bytes, &headers, (start, segment), longest, &mut texts);
        } else {
            from_code(
                bytes,
                &headers,
                (header.p_vaddr, segment),
                longest,
                &mut texts,
            );
        }
    }
    texts
}

/// The location of a segment in the file, and its bytes.
fn content<'a>(bytes: &'a [u8], header: &ProgramHeader) -> Option<(usize, &'a [u8])> {
    let start = usize::try_from(header.p_offset).ok()?;
    let end = start.checked_add(usize::try_from(header.p_filesz).ok()?)?;
    Some((start, bytes.get(start..end)?))
}

/// `lea register, [rip + distance]` is encoded as `48` or `4c`, `8d`, a byte that starts with the
/// bits 00 and ends with 101, and four bytes of distance from the next instruction.
fn from_code<'a>(
    bytes: &'a [u8],
    headers: &[ProgramHeader],
    (address, code): (u64, &[u8]),
    longest: usize,
    texts: &mut BTreeSet<&'a [u8]>,
) {
    for at in memchr::memchr_iter(0x8d, code) {
        // The opcode is the second byte of the instruction.
        let Some(start) = at.checked_sub(1) else {
            continue;
        };
        let Some(&[0x48 | 0x4c, _, operand, a, b, c, d]) = code.get(start..start + 7) else {
            continue;
        };
        // Constants are only addressed relative to the instruction pointer.
        if operand & 0xc7 != 0x05 {
            continue;
        }
        let distance = i64::from(i32::from_le_bytes([a, b, c, d]));
        let next = address.wrapping_add(start as u64 + 7);
        let Some(place) = file_offset(headers, next.wrapping_add_signed(distance)) else {
            continue;
        };
        // The compiler may load the length before or after the address.
        let near = &code[start.saturating_sub(NEAR)..code.len().min(start + 7 + NEAR)];
        texts.extend(lengths(near, longest).filter_map(|length| bytes.get(place..place + length)));
    }
}

/// The small numbers that instructions load: `b8` to `bf` and four bytes, or `6a` and one byte.
fn lengths(code: &[u8], longest: usize) -> impl Iterator<Item = usize> {
    let found = code.windows(5).filter_map(|window| match window {
        [0xb8..=0xbf, length, 0, 0, 0] | [0x6a, length, ..] => Some(usize::from(*length)),
        _ => None,
    });
    found.filter(move |length| (2..=longest).contains(length))
}

/// Two adjacent words: an address, which is stored in programs with a fixed address, and a length.
fn from_data<'a>(
    bytes: &'a [u8],
    headers: &[ProgramHeader],
    (start, data): (usize, &[u8]),
    longest: usize,
    texts: &mut BTreeSet<&'a [u8]>,
) {
    let word = |at: usize| {
        data.get(at..at + 8)?
            .first_chunk()
            .map(|word| u64::from_le_bytes(*word))
    };
    // Words in data are aligned, so only every eighth position must be checked.
    for at in (start.next_multiple_of(8) - start..data.len()).step_by(8) {
        let (Some(address), Some(length)) = (word(at), word(at + 8)) else {
            return;
        };
        let Some(length) = usize::try_from(length)
            .ok()
            .filter(|length| (2..=longest).contains(length))
        else {
            continue;
        };
        let text = file_offset(headers, address).and_then(|place| bytes.get(place..place + length));
        texts.extend(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn immediate_operands_in_the_range_of_name_lengths_are_found() {
        let code = [
            0xba, 4, 0, 0, 0, 0x90, 0x6a, 7, 0x41, 0xb8, 9, 0, 0, 0, 0xba, 0, 1, 0, 0,
        ];
        assert_eq!(lengths(&code, 40).collect::<Vec<_>>(), [4, 7, 9]);
    }

    #[test]
    fn text_start_and_length_are_read_from_machine_code() {
        // lea rsi, [rip + 7]; mov edx, 4; nop; nop; then the texts.
        let mut bytes = vec![0x48, 0x8d, 0x35, 7, 0, 0, 0, 0xba, 4, 0, 0, 0, 0x90, 0x90];
        bytes.extend(b"gzip--stdout");
        let header = ProgramHeader {
            p_type: PT_LOAD,
            p_flags: PF_X,
            p_vaddr: 0x1000,
            p_filesz: bytes.len() as u64,
            ..ProgramHeader::default()
        };
        let mut texts = BTreeSet::new();
        from_code(&bytes, &[header], (0x1000, &bytes), 40, &mut texts);
        assert_eq!(texts, BTreeSet::from([&b"gzip"[..]]));
    }
}
