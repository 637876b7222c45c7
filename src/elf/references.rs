//! Strings that a program's code refers to by address and length, as in Go and Rust.
//!
//! These languages store strings one after the other without terminators, so only the code
//! determines where each begins and ends: one instruction loads the address, and another one nearby
//! loads the length. Only x86-64 code is analyzed; nothing is found in files for other processors.
//! Adjacent addresses and lengths in data count as well.

use std::collections::BTreeSet;

use goblin::elf::header::EM_X86_64;
use goblin::elf::program_header::{PF_X, PT_LOAD, ProgramHeader};

use super::file::{Elf, file_offset, read_program_headers};

/// Distance in bytes from the load of an address within which the length may be loaded.
const NEAR: usize = 24;

/// Maximum distance in bytes between the references to two arguments of a call. Each argument takes
/// two loads (address and length), two stores, and in Rust a call.
const SAME_CALL: usize = 160;

/// Maximum number of segments that are analyzed, since every address is looked up in each of them;
/// programs have fewer than ten.
const MAX_SEGMENTS: usize = 64;

/// Maximum number of shell commands that are returned; real programs contain a few dozen.
const MAX_SHELL_TEXTS: usize = 10_000;

/// The strings of at most `longest` bytes that code and data refer to. Some are found by
/// coincidence, so the caller compares them with existing names.
pub fn referred_texts<'a>(bytes: &'a [u8], elf: &Elf, longest: usize) -> BTreeSet<&'a [u8]> {
    let mut texts = BTreeSet::new();
    each_reference(bytes, elf, |reference| {
        texts.extend(reference.texts(bytes, longest));
    });
    texts
}

/// Strings of at most `longest` bytes that are referenced next to the option `-c`, as in
/// `exec.Command("sh", "-c", "…")`. NUL-terminated strings are included.
pub fn shell_texts<'a>(bytes: &'a [u8], elf: &Elf, longest: usize) -> BTreeSet<&'a [u8]> {
    let mut options = Vec::new();
    each_reference(bytes, elf, |reference| {
        let mut texts = reference
            .texts(bytes, 5)
            .chain(reference.c_string(bytes, 5));
        if texts.any(is_command_option) {
            options.push(reference.at);
        }
    });
    let mut texts = BTreeSet::new();
    if options.is_empty() {
        return texts;
    }
    options.sort_unstable();
    each_reference(bytes, elf, |reference| {
        let from = reference.at.saturating_sub(SAME_CALL);
        let next = options.get(options.partition_point(|&at| at < from));
        if next.is_some_and(|&at| at <= reference.at + SAME_CALL) && texts.len() < MAX_SHELL_TEXTS {
            texts.extend(reference.texts(bytes, longest));
            texts.extend(reference.c_string(bytes, longest));
        }
    });
    texts
}

/// Whether a string is the shell option `-c`, alone or combined with other letters, as in `-ec`.
fn is_command_option(text: &[u8]) -> bool {
    match text {
        [b'-', letters @ .., b'c'] => letters.iter().all(u8::is_ascii_lowercase),
        _ => false,
    }
}

/// A reference in code or data to bytes that may be a string.
struct Reference<'a> {
    /// The offset of the reference in the file.
    at: usize,
    /// The offset of the string in the file.
    place: usize,
    length: Length<'a>,
}

enum Length<'a> {
    /// The word after the address.
    Stored(usize),
    /// One of the numbers loaded by these instructions.
    Loaded(&'a [u8]),
}

impl<'a> Reference<'a> {
    /// Strings of at most `longest` bytes that the reference may point to.
    fn texts<'b>(
        &self,
        bytes: &'b [u8],
        longest: usize,
    ) -> impl Iterator<Item = &'b [u8]> + use<'a, 'b> {
        let place = self.place;
        let (stored, code) = match self.length {
            Length::Stored(length) => (Some(length), &[][..]),
            Length::Loaded(code) => (None, code),
        };
        stored
            .into_iter()
            .chain(lengths(code))
            .filter(move |length| (2..=longest).contains(length))
            .filter_map(move |length| bytes.get(place..place.checked_add(length)?))
    }

    /// The string up to the next NUL.
    fn c_string<'b>(&self, bytes: &'b [u8], longest: usize) -> Option<&'b [u8]> {
        let rest = bytes.get(self.place..)?;
        let rest = &rest[..rest.len().min(longest + 1)];
        Some(&rest[..memchr::memchr(0, rest)?])
    }
}

/// Calls a function for each reference in the code and data of a file.
fn each_reference<'a>(bytes: &'a [u8], elf: &Elf, mut take: impl FnMut(Reference<'a>)) {
    // Other processors load an address with two instructions, in various forms.
    if elf.machine != EM_X86_64 || !elf.is_64 {
        return;
    }
    let Ok(mut headers) = read_program_headers(bytes, elf) else {
        return;
    };
    headers.retain(|header| header.p_type == PT_LOAD);
    headers.truncate(MAX_SEGMENTS);
    // Segments may overlap, and then they are longer together than the file.
    let mut left = bytes.len().saturating_mul(2);
    for header in &headers {
        let Some((start, segment)) = content(bytes, header) else {
            continue;
        };
        let segment = &segment[..segment.len().min(left)];
        left -= segment.len();
        // GNU ld keeps code and read-only data in separate segments since 2.31.
        if header.p_flags & PF_X == 0 {
            from_data(&headers, (start, segment), &mut take);
        } else {
            from_code(&headers, (start, header.p_vaddr, segment), &mut take);
        }
    }
    from_relocations(bytes, elf, &headers, &mut take);
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
    headers: &[ProgramHeader],
    (offset, address, code): (usize, u64, &'a [u8]),
    take: &mut impl FnMut(Reference<'a>),
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
        take(Reference {
            at: offset + start,
            place,
            length: Length::Loaded(near),
        });
    }
}

/// Small numbers that instructions load or store: four bytes after `b8` to `bf`, one byte after
/// `6a`, or four bytes after `c7` and a memory operand.
fn lengths(code: &[u8]) -> impl Iterator<Item = usize> {
    (0..code.len()).filter_map(|at| match code[at..] {
        [0xb8..=0xbf, low, high, 0, 0, ..] => Some(usize::from(u16::from_le_bytes([low, high]))),
        [0x6a, length, ..] => Some(usize::from(length)),
        [0xc7, operand, ref rest @ ..] => match rest.get(size_of_operand(operand)?..)? {
            [low, high, 0, 0, ..] => Some(usize::from(u16::from_le_bytes([*low, *high]))),
            _ => None,
        },
        _ => None,
    })
}

/// The number of bytes between the start of a memory operand and the number that is stored there.
fn size_of_operand(operand: u8) -> Option<usize> {
    // With the stack pointer as the base register, the encoding is one byte longer.
    let base = usize::from(operand & 7 == 4);
    match operand >> 6 {
        0 => Some(base),
        1 => Some(base + 1),
        2 => Some(base + 4),
        _ => None,
    }
}

/// Two adjacent words: an address, which is stored in programs with a fixed address, and a length.
fn from_data<'a>(
    headers: &[ProgramHeader],
    (start, data): (usize, &'a [u8]),
    take: &mut impl FnMut(Reference<'a>),
) {
    // Words in data are aligned, so only every eighth position must be checked.
    for at in (start.next_multiple_of(8) - start..data.len()).step_by(8) {
        let (Some(address), Some(length)) = (word(data, at), word(data, at + 8)) else {
            return;
        };
        // Most words are neither an address nor a length.
        let Some(length) = length_of_text(length) else {
            continue;
        };
        if let Some(place) = file_offset(headers, address) {
            take(Reference {
                at: start + at,
                place,
                length,
            });
        }
    }
}

/// Addresses that the loader stores in a position-independent program, each followed by the length.
fn from_relocations<'a>(
    bytes: &'a [u8],
    elf: &Elf,
    headers: &[ProgramHeader],
    take: &mut impl FnMut(Reference<'a>),
) {
    const ENTRY: usize = 24;
    const RELATIVE: u64 = 8;
    let Some((start, size)) = elf.tables.relocations else {
        return;
    };
    let table = bytes.get(start..).unwrap_or_default();
    for entry in table[..table.len().min(size)].chunks_exact(ENTRY) {
        let (Some(address), Some(kind), Some(addend)) =
            (word(entry, 0), word(entry, 8), word(entry, 16))
        else {
            continue;
        };
        if kind != RELATIVE {
            continue;
        }
        let Some(at) = file_offset(headers, address) else {
            continue;
        };
        let length = word(bytes, at.saturating_add(8)).and_then(length_of_text);
        if let (Some(place), Some(length)) = (file_offset(headers, addend), length) {
            take(Reference { at, place, length });
        }
    }
}

fn word(data: &[u8], at: usize) -> Option<u64> {
    let bytes = data.get(at..)?.first_chunk()?;
    Some(u64::from_le_bytes(*bytes))
}

/// A plausible length of a text.
fn length_of_text<'a>(length: u64) -> Option<Length<'a>> {
    match u16::try_from(length) {
        Ok(length) if length >= 2 => Some(Length::Stored(usize::from(length))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn immediate_operands_in_the_range_of_name_lengths_are_found() {
        let code = [
            0xba, 4, 0, 0, 0, 0x90, 0x6a, 7, 0x41, 0xb8, 9, 0, 0, 0, 0xba, 0, 0, 1, 0,
            // mov qword [rsp + 56], 300
            0x48, 0xc7, 0x44, 0x24, 0x38, 0x2c, 1, 0, 0,
        ];
        assert_eq!(lengths(&code).collect::<Vec<_>>(), [4, 7, 9, 300]);
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
        from_code(&[header], (0, 0x1000, &bytes), &mut |reference| {
            texts.extend(reference.texts(&bytes, 40));
        });
        assert_eq!(texts, BTreeSet::from([&b"gzip"[..]]));
    }

    #[test]
    fn the_option_of_a_shell_stands_alone_or_behind_other_letters() {
        for option in [&b"-c"[..], b"-ec", b"-lc", b"-exc"] {
            assert!(is_command_option(option));
        }
        for other in [&b"-"[..], b"c", b"--c", b"-C", b"-1c"] {
            assert!(!is_command_option(other));
        }
    }
}
