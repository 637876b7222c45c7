//! A section of an ELF file by its name: compilers leave lists there that no loader reads.

use super::file::{Elf, parse};

/// The bytes of the first section of a name; none where there is no such section, or it lies
/// outside of the file.
pub fn section<'a>(bytes: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let elf = parse(bytes).ok()?;
    let headers = Headers::of(&elf, bytes)?;
    let names = headers.content(headers.names)?;
    (0..headers.count).find_map(|index| {
        let rest = names.get(headers.field(index, 0, 4)?..)?;
        let is_it = rest
            .strip_prefix(name)
            .is_some_and(|rest| rest.first() == Some(&0));
        if is_it { headers.content(index) } else { None }
    })
}

struct Headers<'e, 'a> {
    elf: &'e Elf,
    bytes: &'a [u8],
    start: usize,
    size: usize,
    count: usize,
    /// The row of the section with the names.
    names: usize,
}

impl<'e, 'a> Headers<'e, 'a> {
    fn of(elf: &'e Elf, bytes: &'a [u8]) -> Option<Self> {
        let (place, word, size) = if elf.is_64 {
            (0x28, 8, 0x3a)
        } else {
            (0x20, 4, 0x2e)
        };
        let header = |offset, size| usize::try_from(elf.number(bytes, offset, size)?).ok();
        let (start, count) = (header(place, word)?, header(size + 2, 2)?);
        let headers = Self {
            elf,
            bytes,
            start,
            size: header(size, 2)?,
            count,
            names: header(size + 4, 2)?,
        };
        (start != 0).then_some(headers)
    }

    fn field(&self, index: usize, offset: usize, size: usize) -> Option<usize> {
        let at = self
            .start
            .checked_add(index.checked_mul(self.size)?)?
            .checked_add(offset)?;
        usize::try_from(self.elf.number(self.bytes, at, size)?).ok()
    }

    fn content(&self, index: usize) -> Option<&'a [u8]> {
        let (offset, size, word) = if self.elf.is_64 {
            (0x18, 0x20, 8)
        } else {
            (0x10, 0x14, 4)
        };
        let start = self.field(index, offset, word)?;
        self.bytes
            .get(start..start.checked_add(self.field(index, size, word)?)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_is_found_by_its_whole_name() {
        let program = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        assert!(section(&program, b".text").is_some_and(|text| text.len() > 1000));
        assert!(
            section(&program, b".comment")
                .is_some_and(|text| memchr::memmem::find(text, b"rustc").is_some())
        );
        assert_eq!(section(&program, b".tex"), None);
        assert_eq!(section(&program[..program.len() / 2], b".text"), None);
    }
}
