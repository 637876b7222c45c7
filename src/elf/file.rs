//! Facts about an ELF file, read from its program headers and its dynamic section.
//!
//! Section headers are not used: loaders do not read them, and stripped files lack them. Strings
//! are bytes. All offsets and sizes are checked against the file's length, so that a hostile file
//! results in an error or nonsense, but does not waste resources.

use super::parts::{Parts, start_of_part};
use goblin::container::Ctx;
use goblin::elf::dynamic::{self, Dynamic};
use goblin::elf::header::{self, Header};
use goblin::elf::program_header::{PT_DYNAMIC, PT_INTERP, PT_LOAD, PT_NOTE, ProgramHeader};

/// The facts about one file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own in the file"
)]
pub struct Elf {
    pub is_64: bool,
    pub endian: Endian,
    /// `e_machine`.
    pub machine: u16,
    /// `e_flags`: contains the ABI on ARM, MIPS and RISC-V.
    pub flags: u32,
    pub kind: Type,
    /// `EI_OSABI` and `EI_ABIVERSION`.
    pub os_abi: (u8, u8),
    /// The operating system in `.note.ABI-tag`; 0 is Linux.
    pub abi_tag_os: Option<u32>,
    /// The loader that the kernel starts, without the terminating NUL.
    pub interpreter: Option<Vec<u8>>,
    /// Whether there is a dynamic section; a static-PIE program has one too.
    pub is_dynamic: bool,
    /// `DT_NEEDED`, in file order.
    pub needed: Vec<Vec<u8>>,
    pub soname: Option<Vec<u8>>,
    /// As written: separated by colons, with tokens not expanded.
    pub rpath: Option<Vec<u8>>,
    pub runpath: Option<Vec<u8>>,
    /// `DT_FILTER`: libraries whose symbols replace those of this one.
    pub filters: Vec<Vec<u8>>,
    /// `DT_AUXILIARY`: like filters, but optional.
    pub auxiliaries: Vec<Vec<u8>>,
    /// `DT_AUDIT` and `DT_DEPAUDIT`: colon lists of auditing libraries.
    pub audits: Vec<Vec<u8>>,
    /// `DF_1_NODEFLIB`: the default directories are not searched for its dependencies.
    pub no_default_directories: bool,
    /// `DF_1_PIE`: a program, although its type is that of a shared object.
    pub is_pie: bool,
    pub(super) tables: Tables,
}

/// Locations of tables in the file, for facts that are read on demand. Offsets and sizes are in
/// bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tables {
    /// Offset and size of the dynamic strings.
    pub(super) strings: Option<(usize, usize)>,
    pub(super) symbols: Option<usize>,
    pub(super) hash: Option<usize>,
    pub(super) gnu_hash: Option<usize>,
    /// Offset and number of entries.
    pub(super) version_needs: Option<(usize, u64)>,
    pub(super) version_definitions: Option<(usize, u64)>,
    /// Offset and size of the relocations with addends.
    pub(super) relocations: Option<(usize, usize)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endian {
    Little,
    Big,
}

impl Endian {
    pub(super) fn u32(self, bytes: [u8; 4]) -> u32 {
        match self {
            Self::Little => u32::from_le_bytes(bytes),
            Self::Big => u32::from_be_bytes(bytes),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Type {
    /// `ET_EXEC`: a program at a fixed address.
    Executable,
    /// `ET_DYN`: a library or a position-independent program.
    Shared,
    /// `ET_REL`, `ET_CORE` and others that no loader accepts.
    Other(u16),
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ElfError {
    #[error("it cannot be read")]
    Unreadable,
    #[error("it is not an ELF file")]
    Magic,
    #[error("its ELF header is truncated or invalid")]
    Header,
    #[error("its program headers lie outside the file")]
    ProgramHeaders,
    #[error("it has more than 64 KiB of program headers")]
    TooManyHeaders,
    #[error("its {0} lies outside the file")]
    Outside(&'static str),
    #[error(
        "its dynamic section has more than {MAX_STRINGS} bytes of names or {MAX_NEEDED} libraries"
    )]
    TooLong,
}

/// Maximum total size of the names in a dynamic section; real ones have a few thousand bytes.
const MAX_STRINGS: usize = 1 << 20;

/// Maximum size of all program headers, as in Linux; real files have a dozen. Each address in a
/// file is compared with all of them.
const MAX_HEADERS: usize = 64 << 10;

/// The largest programs need a few hundred libraries.
const MAX_NEEDED: usize = 4096;

/// Real dynamic sections have a few dozen entries.
const MAX_DYNAMIC: u64 = 1 << 20;

pub fn is_elf(bytes: &[u8]) -> bool {
    bytes.starts_with(header::ELFMAG)
}

/// Reads the header, the program headers and the dynamic section.
pub fn parse(bytes: &[u8]) -> Result<Elf, ElfError> {
    parse_parts(bytes)
}

/// The same for a file that is not in memory: only the required parts are read.
pub fn parse_parts<P: Parts + ?Sized>(file: &P) -> Result<Elf, ElfError> {
    // Most files are not ELF files, which can be determined from 64 bytes.
    let bytes = start_of_part(file, 0, file.size(), header::header64::SIZEOF_EHDR as u64);
    let bytes = bytes.ok_or(ElfError::Unreadable)?;
    if !is_elf(&bytes) {
        return Err(ElfError::Magic);
    }
    let header = goblin::elf::Elf::parse_header(&bytes).map_err(|_| ElfError::Header)?;
    let mut elf = from_header(&header)?;
    let context = goblin::elf::Elf::lazy_parse(header).map_err(|_| ElfError::Header)?;
    let headers = program_headers(file, &context.header, elf.is_64, elf.endian)?;
    elf.interpreter = interpreter(file, &headers)?;
    elf.abi_tag_os = abi_tag_os(file, &headers, elf.endian);
    if let Some(dynamic) = dynamic_section(file, &headers, elf.is_64, elf.endian)? {
        elf.is_dynamic = true;
        elf.tables = tables(&dynamic, &headers);
        read_dynamic(&mut elf, &dynamic, file)?;
    }
    Ok(elf)
}

impl Elf {
    /// Whether it is a program that starts without a loader, at a fixed address or not.
    pub fn is_static(&self) -> bool {
        // A static PIE has a dynamic section for its own relocations, but names no loader and no
        // library.
        self.interpreter.is_none()
            && (self.kind == Type::Executable || (self.is_pie && self.needed.is_empty()))
    }

    /// The NUL-terminated string at an offset of the dynamic strings.
    pub(super) fn string<'a>(&self, bytes: &'a [u8], offset: u64) -> Option<&'a [u8]> {
        let (start, size) = self.tables.strings?;
        // `DT_STRSZ` may be larger than the file.
        let end = start.saturating_add(size).min(bytes.len());
        let from = start.checked_add(usize::try_from(offset).ok()?)?;
        let text = bytes.get(from..end)?;
        Some(&text[..memchr::memchr(0, text)?])
    }

    /// The unsigned number of `size` bytes (at most 8) at `offset` in the file.
    pub(super) fn number(&self, bytes: &[u8], offset: usize, size: usize) -> Option<u64> {
        let field = bytes.get(offset..offset.checked_add(size)?)?;
        let mut number = 0;
        match self.endian {
            Endian::Little => {
                for &byte in field.iter().rev() {
                    number = (number << 8) | u64::from(byte);
                }
            }
            Endian::Big => {
                for &byte in field {
                    number = (number << 8) | u64::from(byte);
                }
            }
        }
        Some(number)
    }
}

fn from_header(header: &Header) -> Result<Elf, ElfError> {
    Ok(Elf {
        is_64: is_64(header)?,
        endian: endian(header)?,
        machine: header.e_machine,
        flags: header.e_flags,
        kind: kind(header),
        os_abi: (
            header.e_ident[header::EI_OSABI],
            header.e_ident[header::EI_ABIVERSION],
        ),
        abi_tag_os: None,
        interpreter: None,
        is_dynamic: false,
        needed: Vec::new(),
        soname: None,
        rpath: None,
        runpath: None,
        filters: Vec::new(),
        auxiliaries: Vec::new(),
        audits: Vec::new(),
        no_default_directories: false,
        is_pie: false,
        tables: Tables::default(),
    })
}

fn is_64(header: &Header) -> Result<bool, ElfError> {
    match header.e_ident[header::EI_CLASS] {
        header::ELFCLASS32 => Ok(false),
        header::ELFCLASS64 => Ok(true),
        _ => Err(ElfError::Header),
    }
}

fn endian(header: &Header) -> Result<Endian, ElfError> {
    match header.e_ident[header::EI_DATA] {
        header::ELFDATA2LSB => Ok(Endian::Little),
        header::ELFDATA2MSB => Ok(Endian::Big),
        _ => Err(ElfError::Header),
    }
}

fn kind(header: &Header) -> Type {
    match header.e_type {
        header::ET_EXEC => Type::Executable,
        header::ET_DYN => Type::Shared,
        other => Type::Other(other),
    }
}

fn context(is_64: bool, endian: Endian) -> Ctx {
    use goblin::container::Container;
    let container = if is_64 {
        Container::Big
    } else {
        Container::Little
    };
    let endian = match endian {
        Endian::Little => goblin::container::Endian::Little,
        Endian::Big => goblin::container::Endian::Big,
    };
    Ctx::new(container, endian)
}

fn program_headers<P: Parts + ?Sized>(
    file: &P,
    header: &Header,
    is_64: bool,
    endian: Endian,
) -> Result<Vec<ProgramHeader>, ElfError> {
    // Relocatable objects have no program headers.
    if header.e_phnum == 0 {
        return Ok(Vec::new());
    }
    let context = context(is_64, endian);
    let count = usize::from(header.e_phnum);
    let size = count * ProgramHeader::size(context);
    if size > MAX_HEADERS {
        return Err(ElfError::TooManyHeaders);
    }
    let bytes = file
        .part(header.e_phoff, size)
        .ok_or(ElfError::ProgramHeaders)?;
    ProgramHeader::parse(&bytes, 0, count, context).map_err(|_| ElfError::ProgramHeaders)
}

/// The program headers of a file that has been parsed.
pub(super) fn read_program_headers(
    bytes: &[u8],
    elf: &Elf,
) -> Result<Vec<ProgramHeader>, ElfError> {
    let header = goblin::elf::Elf::parse_header(bytes).map_err(|_| ElfError::Header)?;
    program_headers(bytes, &header, elf.is_64, elf.endian)
}

fn interpreter<P: Parts + ?Sized>(
    file: &P,
    headers: &[ProgramHeader],
) -> Result<Option<Vec<u8>>, ElfError> {
    let Some(header) = headers.iter().find(|header| header.p_type == PT_INTERP) else {
        return Ok(None);
    };
    let limit = MAX_STRINGS as u64 + 1;
    let path = start_of_part(file, header.p_offset, header.p_filesz, limit)
        .ok_or(ElfError::Outside("interpreter's name"))?;
    // The kernel rejects a program without a terminator here; for jettison, its absence does no
    // harm.
    let path = &path[..memchr::memchr(0, &path).unwrap_or(path.len())];
    if path.len() > MAX_STRINGS {
        return Err(ElfError::TooLong);
    }
    // Split debug files keep the header of the interpreter, but contain zeros in place of its name.
    Ok(if path.is_empty() {
        None
    } else {
        Some(path.to_vec())
    })
}

/// Maximum size of the notes of all segments that are searched for the tag; real ones have less
/// than a kilobyte.
const MAX_NOTE_BYTES: u64 = 1 << 20;

/// The operating system in glibc's ABI note. The loader only reads the note if it is the first in
/// its segment.
fn abi_tag_os<P: Parts + ?Sized>(
    file: &P,
    headers: &[ProgramHeader],
    endian: Endian,
) -> Option<u32> {
    // Segments may overlap, so the limits apply to all segments together.
    let mut left = MAX_NOTES;
    let mut bytes_left = MAX_NOTE_BYTES;
    for header in headers.iter().filter(|header| header.p_type == PT_NOTE) {
        let size = header.p_filesz;
        let Some(segment) = start_of_part(file, header.p_offset, size, bytes_left) else {
            continue;
        };
        bytes_left -= segment.len() as u64;
        for note in notes_of(&segment, header.p_align, endian) {
            if left == 0 {
                return None;
            }
            left -= 1;
            if let Some(descriptor) = note.descriptor.first_chunk()
                && note.owner == b"GNU"
                && note.kind == 1
            {
                return Some(endian.u32(*descriptor));
            }
        }
    }
    None
}

/// One entry of a `PT_NOTE` segment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Note<'a> {
    /// Without the NUL.
    pub(super) owner: &'a [u8],
    pub(super) kind: u32,
    pub(super) descriptor: &'a [u8],
}

/// Real files have about five; in a hostile file, segments may overlap.
const MAX_NOTES: usize = 1024;

/// All notes, in the order of segments; a note that lies outside the file ends its segment.
pub(super) fn notes<'a>(
    bytes: &'a [u8],
    headers: &[ProgramHeader],
    endian: Endian,
) -> impl Iterator<Item = Note<'a>> {
    let segments = headers.iter().filter(|header| header.p_type == PT_NOTE);
    let segments = segments.filter_map(|header| {
        Some((
            slice(bytes, header.p_offset, header.p_filesz)?,
            header.p_align,
        ))
    });
    let segments: Vec<(&[u8], u64)> = segments.collect();
    segments
        .into_iter()
        .flat_map(move |(segment, align)| notes_of(segment, align, endian))
        .take(MAX_NOTES)
}

/// The notes of one segment, up to the first that lies outside of it.
fn notes_of(mut rest: &[u8], align: u64, endian: Endian) -> impl Iterator<Item = Note<'_>> {
    // The gABI requires an alignment of 8 bytes in 64-bit files, but in practice it is 4, except in
    // segments that specify 8.
    let align = if align == 8 { 8 } else { 4 };
    std::iter::from_fn(move || {
        let (note, next) = note(rest, align, endian)?;
        rest = next;
        Some(note)
    })
}

/// The first note and the remaining bytes.
fn note(bytes: &[u8], align: usize, endian: Endian) -> Option<(Note<'_>, &[u8])> {
    let field = |index: usize| Some(endian.u32(*bytes.get(index * 4..)?.first_chunk()?));
    let size = |index| usize::try_from(field(index)?).ok();
    let (owner_size, descriptor_size, kind) = (size(0)?, size(1)?, field(2)?);
    let owner = bytes.get(12..owner_size.checked_add(12)?)?;
    let at = owner_size
        .checked_add(12)?
        .checked_next_multiple_of(align)?;
    let end = at.checked_add(descriptor_size)?;
    let descriptor = bytes.get(at..end)?;
    // The size of the owner includes its terminator.
    let owner = owner.strip_suffix(b"\0").unwrap_or(owner);
    let rest = bytes
        // The last note of a segment may lack its padding.
        .get(end.checked_next_multiple_of(align)?..)
        .unwrap_or_default();
    Some((
        Note {
            owner,
            kind,
            descriptor,
        },
        rest,
    ))
}

fn slice(bytes: &[u8], offset: u64, size: u64) -> Option<&[u8]> {
    let start = usize::try_from(offset).ok()?;
    let end = start.checked_add(usize::try_from(size).ok()?)?;
    bytes.get(start..end)
}

pub(super) fn dynamic_section<P: Parts + ?Sized>(
    file: &P,
    headers: &[ProgramHeader],
    is_64: bool,
    endian: Endian,
) -> Result<Option<Dynamic>, ElfError> {
    let Some(header) = headers.iter().find(|header| header.p_type == PT_DYNAMIC) else {
        return Ok(None);
    };
    // goblin reserves memory for as many entries as the header claims.
    let size = header.p_filesz.min(MAX_DYNAMIC);
    let bytes = start_of_part(file, header.p_offset, size, size)
        .ok_or(ElfError::Outside("dynamic section"))?;
    // The bytes are only those of the section, so it starts at offset 0.
    let header = ProgramHeader {
        p_offset: 0,
        p_filesz: size,
        ..header.clone()
    };
    Dynamic::parse(&bytes, &[header], context(is_64, endian))
        .map_err(|_| ElfError::Outside("dynamic section"))
}

/// Converts the memory addresses in the dynamic section to locations in the file.
fn tables(dynamic: &Dynamic, headers: &[ProgramHeader]) -> Tables {
    let mut tables = Tables::default();
    let (mut strings, mut strings_size) = (None, usize::MAX);
    let (mut needs, mut need_count) = (None, None);
    let (mut definitions, mut definition_count) = (None, None);
    let (mut relocations, mut relocations_size) = (None, 0);
    // The first entry with a tag counts, so the entries are read backwards.
    for entry in dynamic.dyns.iter().rev() {
        let value = entry.d_val;
        let place = file_offset(headers, value);
        match entry.d_tag {
            dynamic::DT_STRTAB => strings = place,
            dynamic::DT_STRSZ => strings_size = usize::try_from(value).unwrap_or(usize::MAX),
            dynamic::DT_SYMTAB => tables.symbols = place,
            dynamic::DT_HASH => tables.hash = place,
            dynamic::DT_GNU_HASH => tables.gnu_hash = place,
            dynamic::DT_VERNEED => needs = place,
            dynamic::DT_VERNEEDNUM => need_count = Some(value),
            dynamic::DT_VERDEF => definitions = place,
            dynamic::DT_VERDEFNUM => definition_count = Some(value),
            dynamic::DT_RELA => relocations = place,
            dynamic::DT_RELASZ => relocations_size = usize::try_from(value).unwrap_or(usize::MAX),
            _ => {}
        }
    }
    tables.strings = strings.map(|offset| (offset, strings_size));
    tables.version_needs = needs.zip(need_count);
    tables.version_definitions = definitions.zip(definition_count);
    tables.relocations = relocations.map(|offset| (offset, relocations_size));
    tables
}

/// The file offset of the byte that is loaded at an address.
pub(super) fn file_offset(headers: &[ProgramHeader], address: u64) -> Option<usize> {
    let holds = |header: &&ProgramHeader| {
        header.p_type == PT_LOAD
            && address >= header.p_vaddr
            && address - header.p_vaddr < header.p_filesz
    };
    let header = headers.iter().find(holds)?;
    usize::try_from(header.p_offset.checked_add(address - header.p_vaddr)?).ok()
}

/// `DT_AUXILIARY`, `DT_FILTER`, `DT_AUDIT` and `DT_DEPAUDIT`; goblin does not define all of them.
const AUXILIARY: u64 = 0x7fff_fffd;
const FILTER: u64 = 0x7fff_ffff;
const AUDIT: u64 = 0x6fff_fefc;
const DEPENDENCY_AUDIT: u64 = 0x6fff_fefb;

fn read_dynamic<P: Parts + ?Sized>(
    elf: &mut Elf,
    dynamic: &Dynamic,
    file: &P,
) -> Result<(), ElfError> {
    let mut left = MAX_STRINGS;
    for entry in &dynamic.dyns {
        let value = entry.d_val;
        match entry.d_tag {
            dynamic::DT_NEEDED => elf
                .needed
                .extend(dynamic_string(elf, file, value, &mut left)?),
            dynamic::DT_SONAME => elf.soname = dynamic_string(elf, file, value, &mut left)?,
            dynamic::DT_RPATH => elf.rpath = dynamic_string(elf, file, value, &mut left)?,
            dynamic::DT_RUNPATH => elf.runpath = dynamic_string(elf, file, value, &mut left)?,
            FILTER => elf
                .filters
                .extend(dynamic_string(elf, file, value, &mut left)?),
            AUXILIARY => elf
                .auxiliaries
                .extend(dynamic_string(elf, file, value, &mut left)?),
            AUDIT | DEPENDENCY_AUDIT => {
                elf.audits
                    .extend(dynamic_string(elf, file, value, &mut left)?);
            }
            dynamic::DT_FLAGS_1 => {
                elf.no_default_directories = value & dynamic::DF_1_NODEFLIB != 0;
                elf.is_pie = value & dynamic::DF_1_PIE != 0;
            }
            _ => {}
        }
        if elf.needed.len() + elf.filters.len() + elf.auxiliaries.len() + elf.audits.len()
            > MAX_NEEDED
        {
            return Err(ElfError::TooLong);
        }
    }
    Ok(())
}

/// The string that an entry of the dynamic section refers to; its length is subtracted from `left`.
/// `None` if it lies outside the file, in which case the loader would crash.
fn dynamic_string<P: Parts + ?Sized>(
    elf: &Elf,
    file: &P,
    offset: u64,
    left: &mut usize,
) -> Result<Option<Vec<u8>>, ElfError> {
    /// Enough bytes for most names.
    const SHORT: u64 = 256;
    let Some((start, size)) = elf.tables.strings else {
        return Ok(None);
    };
    let end = (start as u64).saturating_add(size as u64).min(file.size());
    let Some(length) = (start as u64)
        .checked_add(offset)
        .and_then(|from| end.checked_sub(from))
    else {
        return Ok(None);
    };
    let from = start as u64 + offset;
    // Names are short, and a file in a compressed layer is expensive to read, so the long read is
    // only made if the short one finds no terminator.
    for limit in [SHORT, *left as u64 + 1] {
        let Some(bytes) = start_of_part(file, from, length, limit) else {
            return Ok(None);
        };
        if let Some(end) = memchr::memchr(0, &bytes) {
            // The terminator counts too, because a file may refer to an empty string any number of
            // times.
            *left = left.checked_sub(end + 1).ok_or(ElfError::TooLong)?;
            return Ok(Some(bytes[..end].to_vec()));
        }
        // The strings end without a terminator. Many entries may refer to the same end.
        if length <= limit {
            *left = left.checked_sub(bytes.len()).ok_or(ElfError::TooLong)?;
            return Ok(None);
        }
    }
    Err(ElfError::TooLong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn program_headers_are_limited_as_in_linux() {
        for (count, error) in [(1170_u16, None), (1171, Some(ElfError::TooManyHeaders))] {
            let mut bytes = vec![0; 64 + 56 * usize::from(count)];
            bytes[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
            // `e_type`, `e_machine`, `e_version`, `e_phoff`, `e_ehsize` and `e_phentsize`.
            for (offset, value) in [(16, 2), (18, 62), (20, 1), (32, 64), (52, 64), (54, 56)] {
                bytes[offset] = value;
            }
            bytes[56..58].copy_from_slice(&count.to_le_bytes());
            assert_eq!(parse(&bytes).err(), error, "{count}");
        }
    }
}
