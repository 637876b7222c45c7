//! Sections of an ELF file by name: compilers store lists there that loaders do not read.

use std::borrow::Cow;

use super::file::{Elf, parse_parts};
use super::parts::{Parts, start_of_part};

/// Maximum size of all section names; real programs have a few hundred bytes.
const MAX_NAMES: usize = 1 << 20;

/// The bytes of the first section with each name, at most `limit`; `None` if there is no such
/// section, or it lies outside of the file.
pub fn sections<P: Parts + ?Sized, const N: usize>(
    file: &P,
    names: [&[u8]; N],
    limit: usize,
) -> [Option<Vec<u8>>; N] {
    let Some(headers) = parse_parts(file)
        .ok()
        .and_then(|elf| Headers::of(elf, file))
    else {
        return names.map(|_| None);
    };
    let Some(all) = headers.names(file) else {
        return names.map(|_| None);
    };
    names.map(|name| {
        let index = (0..headers.count).find(|&index| headers.is_named(index, &all, name))?;
        let (offset, size) = headers.place(index)?;
        start_of_part(file, offset, size as u64, limit as u64).map(Cow::into_owned)
    })
}

/// The places, in rising order, of the data that a loader maps and that is no code: their offsets
/// and lengths. `None` if there is no table of sections, which programs do not need to run.
pub fn data_sections<P: Parts + ?Sized>(file: &P) -> Option<Vec<(u64, u64)>> {
    // https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.sheader.html
    const PROGBITS: u64 = 1;
    const ALLOC: u64 = 2;
    const EXECUTABLE: u64 = 4;
    let headers = Headers::of(parse_parts(file).ok()?, file)?;
    let word = if headers.elf.is_64 { 8 } else { 4 };
    let mut places = Vec::new();
    for index in 0..headers.count {
        let kind = headers.field(index, 4, 4)?;
        let flags = headers.field(index, 8, word)?;
        if kind == PROGBITS && flags & ALLOC != 0 && flags & EXECUTABLE == 0 {
            let (start, size) = headers.place(index)?;
            let end = start.checked_add(size as u64)?.min(file.size());
            places.push((start, end));
        }
    }
    places.sort_unstable();
    // Sections of a hostile file may be the same bytes again and again.
    let mut from = 0;
    let mut parts = Vec::new();
    for (start, end) in places {
        let start = start.max(from);
        if start < end {
            parts.push((start, end - start));
            from = end;
        }
    }
    Some(parts)
}

/// The table of section headers.
struct Headers {
    elf: Elf,
    bytes: Vec<u8>,
    size: usize,
    count: usize,
    /// The index of the section with the names.
    names: usize,
}

impl Headers {
    fn of<P: Parts + ?Sized>(elf: Elf, file: &P) -> Option<Self> {
        // Offsets in the ELF header of `e_shoff`, its size, `e_shentsize`, and the length of the
        // header.
        let (place, word, size, length) = if elf.is_64 {
            (0x28, 8, 0x3a, 0x40)
        } else {
            (0x20, 4, 0x2e, 0x34)
        };
        let header = file.part(0, length)?;
        let field = |offset, size| elf.number(&header, offset, size);
        let start = field(place, word)?;
        let [row, count, names] = [size, size + 2, size + 4].map(|offset| field(offset, 2));
        let (row, count, names) = (row?, count?, names?);
        // A file without sections has zeros here.
        if start == 0 {
            return None;
        }
        // A truncated table is read up to its end.
        let rows = file.size().checked_sub(start)?.min(row * count);
        let bytes = file.part(start, usize::try_from(rows).ok()?)?.into_owned();
        Some(Self {
            elf,
            bytes,
            size: usize::try_from(row).ok()?,
            count: usize::try_from(count).ok()?,
            names: usize::try_from(names).ok()?,
        })
    }

    fn field(&self, index: usize, offset: usize, size: usize) -> Option<u64> {
        let at = self.size.checked_mul(index)?.checked_add(offset)?;
        self.elf.number(&self.bytes, at, size)
    }

    /// The file offset of a section, and its size.
    fn place(&self, index: usize) -> Option<(u64, usize)> {
        let (offset, size, word) = if self.elf.is_64 {
            (0x18, 0x20, 8)
        } else {
            (0x10, 0x14, 4)
        };
        let start = self.field(index, offset, word)?;
        Some((start, usize::try_from(self.field(index, size, word)?).ok()?))
    }

    /// The names of all sections, one after the other.
    fn names<P: Parts + ?Sized>(&self, file: &P) -> Option<Vec<u8>> {
        let (offset, size) = self.place(self.names)?;
        Some(file.part(offset, size.min(MAX_NAMES))?.into_owned())
    }

    fn is_named(&self, index: usize, names: &[u8], name: &[u8]) -> bool {
        let start = self
            .field(index, 0, 4)
            .and_then(|start| usize::try_from(start).ok());
        let rest = start.and_then(|start| names.get(start..)?.strip_prefix(name));
        // `.text` is also a prefix of `.text.unlikely`; the terminator distinguishes them.
        rest.is_some_and(|rest| rest.first() == Some(&0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_sections_have_the_texts_of_a_program_but_not_its_code_or_symbols() {
        let program = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let places = data_sections(&*program).unwrap();
        let mut end = 0;
        let mut data = Vec::new();
        for (offset, length) in places {
            assert!(offset >= end);
            end = offset + length;
            let range = usize::try_from(offset).unwrap()..usize::try_from(end).unwrap();
            data.extend_from_slice(&program[range]);
        }
        assert!(memchr::memmem::find(&data, b"a text of data sections").is_some());
        assert!(data.len() < program.len() / 2);
        let [code] = sections(&*program, [b".text"], 4096);
        assert!(memchr::memmem::find(&data, &code.unwrap()).is_none());
        assert_eq!(data_sections(&program[..program.len() / 2]), None);
    }

    #[test]
    fn a_section_is_found_by_its_whole_name() {
        let program = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let [text, comment, other] = sections(&*program, [b".text", b".comment", b".tex"], 1 << 30);
        assert!(text.is_some_and(|text| text.len() > 1000));
        assert!(comment.is_some_and(|text| memchr::memmem::find(&text, b"rustc").is_some()));
        assert_eq!(other, None);
        assert_eq!(
            sections(&program[..program.len() / 2], [b".text"], 1),
            [None]
        );
    }
}
