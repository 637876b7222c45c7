//! Texts that the code of a program refers to by address and length, as Go and Rust do.
//!
//! Their texts stand one behind the other without an end, so that only the code says where one
//! begins and ends: an instruction loads the address, another near it the length. Code of x86-64 is
//! looked at; in files for other processors nothing is found. Addresses and lengths that stand in
//! data, side by side, count as well.

use std::collections::BTreeSet;

use goblin::elf::header::EM_X86_64;
use goblin::elf::program_header::{PF_X, PT_LOAD, ProgramHeader};

use super::file::{Elf, file_offset, read_program_headers};

/// Bytes of code around the load of an address in which the length may be loaded.
const NEAR: usize = 24;

/// The texts of at most `longest` bytes that code and data refer to, as bytes of the file. Some
/// come about by chance: who asks compares them with names that there are.
pub fn referred_texts<'a>(bytes: &'a [u8], elf: &Elf, longest: usize) -> BTreeSet<&'a [u8]> {
    let mut texts = BTreeSet::new();
    // Other processors load an address in two instructions, in forms that differ.
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

/// The place of a segment in the file, and its bytes.
fn content<'a>(bytes: &'a [u8], header: &ProgramHeader) -> Option<(usize, &'a [u8])> {
    let start = usize::try_from(header.p_offset).ok()?;
    let end = start.checked_add(usize::try_from(header.p_filesz).ok()?)?;
    Some((start, bytes.get(start..end)?))
}

/// `lea register, [rip + distance]` is `48` or `4c`, `8d`, a byte that ends in the bits 101 and
/// begins with 00, and four bytes of distance from the next instruction.
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
        // Only the mode relative to the instruction pointer addresses constants.
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

/// The small numbers that instructions load: `b8` to `bf` and four bytes, or `6a` and one.
fn lengths(code: &[u8], longest: usize) -> impl Iterator<Item = usize> {
    let found = code.windows(5).filter_map(|window| match window {
        [0xb8..=0xbf, length, 0, 0, 0] | [0x6a, length, ..] => Some(usize::from(*length)),
        _ => None,
    });
    found.filter(move |length| (2..=longest).contains(length))
}

/// Two words side by side: an address, which programs of a fixed address have in the file, and a
/// length.
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
    // Words in data are aligned, which leaves one place in eight to look at.
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
    fn a_length_is_what_an_instruction_loads_and_a_name_could_have() {
        let code = [
            0xba, 4, 0, 0, 0, 0x90, 0x6a, 7, 0x41, 0xb8, 9, 0, 0, 0, 0xba, 0, 1, 0, 0,
        ];
        assert_eq!(lengths(&code, 40).collect::<Vec<_>>(), [4, 7, 9]);
    }

    #[test]
    fn code_says_where_a_text_begins_and_ends() {
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
