//! Facts about an ELF file that loaders do not use: how it was built and hardened, and which
//! libraries it may open at run time.
//!
//! They are only read on demand.

use std::collections::BTreeSet;

use goblin::elf::dynamic;
use goblin::elf::program_header::{PF_X, PT_GNU_RELRO, PT_GNU_STACK, ProgramHeader};
use serde::Deserialize;

use super::file::{self, Elf, ElfError, Type};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// `NT_GNU_BUILD_ID`, as raw bytes.
    pub build_id: Option<Vec<u8>>,
    /// Libraries that the file declares to open by name (`.note.dlopen`, UAPI.12), in file order.
    pub may_open: Vec<MayOpen>,
    /// Whether it imports `dlopen` or `dlmopen`.
    pub imports_dlopen: bool,
    /// Whether it has no symbol table for debuggers.
    pub is_stripped: bool,
    /// Go's version and modules.
    pub go: Option<GoBuild>,
    /// The version of rustc, such as `1.95.0`.
    pub rustc: Option<String>,
    pub hardening: Hardening,
}

/// An entry of `.note.dlopen`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct MayOpen {
    /// Alternative names, the preferred one first.
    pub soname: Vec<String>,
    pub feature: String,
    pub description: String,
    pub priority: Priority,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    Suggested,
    #[default]
    Recommended,
    Required,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoBuild {
    /// Such as `go1.22.3`; empty before Go 1.18, which stores it elsewhere.
    pub version: String,
    /// Lines with the module, dependencies and settings, as printed by `go version -m`.
    pub modules: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a property of its own"
)]
pub struct Hardening {
    /// The program is position-independent.
    pub is_pie: bool,
    pub relro: Relro,
    /// The stack is not executable.
    pub no_executable_stack: bool,
    /// It calls the stack protector's check function.
    pub stack_protector: bool,
    /// It calls a checked variant of a C library function.
    pub fortify: bool,
}

/// The part of the memory that becomes read-only after relocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Relro {
    None,
    Partial,
    /// All symbols are bound before the program starts, and their table becomes read-only too.
    Full,
}

/// Properties of a file's memory. They are read only from the headers, so they are cheap to compute
/// for every file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Memory that is only written during relocation is read-only afterwards.
    pub has_relro: bool,
    /// The stack of every process that maps the file can be executed.
    pub executable_stack: bool,
    /// The code itself is modified by relocations.
    pub text_relocations: bool,
}

/// Reads the memory properties. `elf` is the result of [`parse`](super::parse) for these bytes.
///
/// On x86, a loader assumes that a dynamic file without a stack header is an old one that needs an
/// executable stack.
pub fn memory(elf: &Elf, bytes: &[u8]) -> Result<Memory, ElfError> {
    const X86: [u16; 2] = [3, 62];
    let headers = file::read_program_headers(bytes, elf)?;
    let dynamic = file::dynamic_section(bytes, &headers, elf.is_64, elf.endian)?;
    let mut text_relocations = false;
    for entry in dynamic.iter().flat_map(|dynamic| &dynamic.dyns) {
        // The flag replaced the tag; old linkers only write the tag.
        text_relocations |= match entry.d_tag {
            dynamic::DT_TEXTREL => true,
            dynamic::DT_FLAGS => entry.d_val & dynamic::DF_TEXTREL != 0,
            _ => false,
        };
    }
    Ok(Memory {
        has_relro: find_header(&headers, PT_GNU_RELRO).is_some(),
        // Without the header, the kernel uses the default of the architecture, which is an
        // executable stack on x86.
        executable_stack: match find_header(&headers, PT_GNU_STACK) {
            Some(header) => header.p_flags & PF_X != 0,
            None => elf.is_dynamic && X86.contains(&elf.machine),
        },
        text_relocations,
    })
}

fn find_header(headers: &[ProgramHeader], kind: u32) -> Option<&ProgramHeader> {
    headers.iter().find(|header| header.p_type == kind)
}

const BUILD_ID: u32 = 3;
const DLOPEN: u32 = 0x407c_0c0a;
/// Longer strings are not names or paths.
const MAX_TEXT: usize = 4096;
/// Maximum number of names or paths that are returned for one file.
const MAX_STRINGS: usize = 1 << 16;
/// Go's list of modules has a few kilobytes.
const MAX_MODULES: usize = 1 << 20;

/// Reads the facts. `elf` is the result of [`parse`](super::parse) for these bytes.
pub fn facts(elf: &Elf, bytes: &[u8]) -> Result<Facts, ElfError> {
    let headers = file::read_program_headers(bytes, elf)?;
    let imports: BTreeSet<&[u8]> = elf.imports(bytes).collect();
    let mut facts = Facts {
        build_id: None,
        may_open: Vec::new(),
        imports_dlopen: imports.contains(&b"dlopen"[..]) || imports.contains(&b"dlmopen"[..]),
        is_stripped: !has_symbol_table(elf, bytes),
        // Both markers are searched for in the whole file, because stripping removes the section
        // table with their location.
        go: go_build(bytes),
        rustc: rustc_version(bytes),
        hardening: hardening(elf, bytes, &headers, &imports)?,
    };
    for note in file::notes(bytes, &headers, elf.endian) {
        match (note.owner, note.kind) {
            (b"GNU", BUILD_ID) => facts.build_id = Some(note.descriptor.to_vec()),
            (b"FDO", DLOPEN) => facts.may_open.extend(may_open(note.descriptor)),
            _ => {}
        }
    }
    Ok(facts)
}

/// Libraries that a file declares to open by name; see [`Facts::may_open`].
pub fn announced(elf: &Elf, bytes: &[u8]) -> Vec<MayOpen> {
    let Ok(headers) = file::read_program_headers(bytes, elf) else {
        return Vec::new();
    };
    let notes = file::notes(bytes, &headers, elf.endian);
    let notes = notes
        .into_iter()
        .filter(|note| (note.owner, note.kind) == (b"FDO", DLOPEN));
    notes.flat_map(|note| may_open(note.descriptor)).collect()
}

/// Parses a JSON array that is followed by zeros.
fn may_open(descriptor: &[u8]) -> Vec<MayOpen> {
    // The descriptor of a note is padded to a multiple of four bytes.
    let end = memchr::memchr(0, descriptor).unwrap_or(descriptor.len());
    serde_json::from_slice(&descriptor[..end]).unwrap_or_default()
}

fn hardening(
    elf: &Elf,
    bytes: &[u8],
    headers: &[ProgramHeader],
    imports: &BTreeSet<&[u8]>,
) -> Result<Hardening, ElfError> {
    let stack = find_header(headers, PT_GNU_STACK);
    Ok(Hardening {
        is_pie: elf.kind == Type::Shared && (elf.interpreter.is_some() || elf.is_pie),
        relro: match find_header(headers, PT_GNU_RELRO) {
            None => Relro::None,
            // With lazy binding, the table of functions must stay writable, so the protection is
            // only partial.
            Some(_) if binds_now(elf, bytes, headers)? => Relro::Full,
            Some(_) => Relro::Partial,
        },
        no_executable_stack: stack.is_some_and(|header| header.p_flags & PF_X == 0),
        stack_protector: imports.contains(&b"__stack_chk_fail"[..])
            || imports.contains(&b"__stack_chk_guard"[..]),
        // `__memcpy_chk` and other variants that receive the size of the destination.
        fortify: imports
            .iter()
            .any(|name| name.starts_with(b"__") && name.ends_with(b"_chk")),
    })
}

fn binds_now(elf: &Elf, bytes: &[u8], headers: &[ProgramHeader]) -> Result<bool, ElfError> {
    let Some(section) = file::dynamic_section(bytes, headers, elf.is_64, elf.endian)? else {
        return Ok(false);
    };
    // Over time, linkers have used one tag and two flags for this, and loaders obey all of them.
    Ok(section.dyns.iter().any(|entry| match entry.d_tag {
        dynamic::DT_BIND_NOW => true,
        dynamic::DT_FLAGS => entry.d_val & dynamic::DF_BIND_NOW != 0,
        dynamic::DT_FLAGS_1 => entry.d_val & dynamic::DF_1_NOW != 0,
        _ => false,
    }))
}

/// Whether there is a section with a full symbol table; nothing else is read from section headers.
fn has_symbol_table(elf: &Elf, bytes: &[u8]) -> bool {
    const SYMBOL_TABLE: u64 = 2;
    // Offsets in the ELF header of `e_shoff`, its size, `e_shentsize` and `e_shnum`.
    let (place, word, size, count) = if elf.is_64 {
        (0x28, 8, 0x3a, 0x3c)
    } else {
        (0x20, 4, 0x2e, 0x30)
    };
    let [start, size, count] = [(place, word), (size, 2), (count, 2)].map(|(offset, size)| {
        usize::try_from(elf.number(bytes, offset, size).unwrap_or(0)).unwrap_or(0)
    });
    // Files without section headers have zeros there.
    if start == 0 {
        return false;
    }
    (0..count).any(|index| {
        let at = start
            .checked_add(index * size)
            .and_then(|at| at.checked_add(4));
        at.and_then(|at| elf.number(bytes, at, 4)) == Some(SYMBOL_TABLE)
    })
}

/// Parses the data that Go's linker writes after a marker: since 1.18, two strings preceded by
/// their lengths, the second one enclosed in two markers of 16 bytes each. The bytes may be those
/// of the section `.go.buildinfo` or of the whole file.
pub fn go_build(bytes: &[u8]) -> Option<GoBuild> {
    const MARK: &[u8] = b"\xff Go buildinf:";
    const INLINE: u8 = 2;
    let start = memchr::memmem::find(bytes, MARK)?;
    // Before Go 1.18, the data has pointers to the strings, which are not followed here.
    if bytes.get(start + 15)? & INLINE == 0 {
        return Some(GoBuild {
            version: String::new(),
            modules: String::new(),
        });
    }
    let (version, rest) = counted(bytes.get(start + 32..)?)?;
    let modules = counted(rest)
        .map(|(modules, _)| modules)
        .unwrap_or_default();
    // The markers delimit the text for `go version`, which does not print them either.
    let modules = modules
        .get(16..modules.len().saturating_sub(16))
        .unwrap_or_default();
    Some(GoBuild {
        version: String::from_utf8_lossy(version).into_owned(),
        modules: String::from_utf8_lossy(modules).into_owned(),
    })
}

/// A string that is preceded by its length as a varint, and the bytes after it.
fn counted(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut length = 0_usize;
    // Four bytes of seven bits are enough for any list of modules.
    for (index, &byte) in bytes.iter().enumerate().take(4) {
        length |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            let text = bytes.get(index + 1..(index + 1).checked_add(length.min(MAX_MODULES))?)?;
            return Some((text, &bytes[index + 1 + text.len()..]));
        }
    }
    None
}

/// Parses the text that rustc writes into `.comment`: `rustc version 1.95.0 (59807616e
/// 2026-04-14)`.
fn rustc_version(bytes: &[u8]) -> Option<String> {
    const MARK: &[u8] = b"\0rustc version ";
    let start = memchr::memmem::find(bytes, MARK)? + MARK.len();
    // A version has about a dozen characters; a text without an end nearby is not a version.
    let rest = bytes.get(start..bytes.len().min(start + 64))?;
    let end = rest.iter().position(|byte| matches!(byte, b' ' | b'\0'))?;
    str::from_utf8(&rest[..end]).ok().map(str::to_owned)
}

/// Strings in a file that are library names, such as `libz.so.1` or `/opt/x.so`, sorted and without
/// duplicates.
pub fn library_names(bytes: &[u8]) -> BTreeSet<&[u8]> {
    let mut names = BTreeSet::new();
    let mut from = 0;
    while let Some(at) = memchr::memmem::find(&bytes[from..], b".so").map(|at| from + at) {
        let (start, end) = string_around(bytes, at);
        let text = &bytes[start..end];
        if is_library_name(text) && names.len() < MAX_STRINGS {
            names.insert(text);
        }
        // The search continues after the whole string, so that `libx.so.1.so` counts once.
        from = end.max(at + 3);
    }
    names
}

/// Whether a text is a library name such as `libz.so.1` or a path, with `.so` at the end or before
/// a version.
fn is_library_name(text: &[u8]) -> bool {
    // Many strings contain `.so`, but the name of a library that is opened starts with `lib` or is
    // a path.
    if !text.starts_with(b"lib") && !text.contains(&b'/') {
        return false;
    }
    memchr::memmem::find_iter(text, b".so").any(|at| matches!(text.get(at + 3), None | Some(b'.')))
}

/// Strings in a file that begin with a slash and could be paths, sorted and without duplicates.
pub fn absolute_paths(bytes: &[u8]) -> BTreeSet<&[u8]> {
    let mut paths = BTreeSet::new();
    let mut found = 0;
    for at in memchr::memmem::find_iter(bytes, b"\0/") {
        let rest = &bytes[at + 1..bytes.len().min(at + MAX_TEXT + 2)];
        // Without a terminator, it is longer than any path, or cut off by the end of the file.
        let Some(end) = memchr::memchr(0, rest) else {
            continue;
        };
        let text = &rest[..end];
        if text.len() > 1 && text.iter().copied().all(is_text) {
            // A file full of short paths would exhaust the memory.
            if found == MAX_STRINGS {
                break;
            }
            found += 1;
            paths.insert(text);
        }
    }
    paths
}

/// The longest run of path characters around a position, up to a limit.
fn string_around(bytes: &[u8], at: usize) -> (usize, usize) {
    let before = bytes[at.saturating_sub(MAX_TEXT)..at]
        .iter()
        .rev()
        .take_while(|&&byte| is_text(byte))
        .count();
    let behind = bytes[at..bytes.len().min(at + MAX_TEXT)]
        .iter()
        .take_while(|&&byte| is_text(byte))
        .count();
    (at - before, at + behind)
}

fn is_text(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_+.-/@~,:=%${}".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn library_names_are_strings_that_end_like_a_library() {
        let bytes = b"\x01libz.so.1\0/opt/plugin.so\0.so\0libx.song\0see libq.so\0a.so";
        let names: Vec<_> = library_names(bytes).into_iter().collect();
        assert_eq!(names, [&b"/opt/plugin.so"[..], b"libq.so", b"libz.so.1"]);
    }

    #[test]
    fn an_absolute_path_starts_right_after_a_null_byte() {
        let paths: Vec<_> = absolute_paths(b"\0/etc/x.conf\0no/path\0/\0/with space\0/open")
            .into_iter()
            .collect();
        assert_eq!(paths, [b"/etc/x.conf"]);
    }

    #[test]
    fn a_dlopen_note_is_parsed_as_json() {
        let note = br#"[
            {"soname": ["liba.so.2", "liba.so.1"], "feature": "a", "priority": "required"},
            {"soname": ["b.so"]}
        ]"#;
        let may_open = may_open(&[note, &b"\0\0"[..]].concat());
        assert_eq!(may_open[0].soname, ["liba.so.2", "liba.so.1"]);
        assert_eq!(
            (may_open[0].priority, may_open[1].priority),
            (Priority::Required, Priority::Recommended)
        );
        assert_eq!(super::may_open(b"{not json"), []);
    }

    #[test]
    fn version_and_modules_of_a_go_program_are_read() {
        let mut bytes = b"xx\xff Go buildinf:\x08\x02".to_vec();
        bytes.extend([0; 16]);
        bytes.extend([8]);
        bytes.extend(b"go1.22.3");
        bytes.extend([42]);
        bytes.extend([&[b'<'; 16][..], b"path\tmain\n", &[b'>'; 16]].concat());
        let expected = GoBuild {
            version: "go1.22.3".into(),
            modules: "path\tmain\n".into(),
        };
        assert_eq!(go_build(&bytes), Some(expected));
        assert_eq!(go_build(&bytes[..20]), None);
    }
}
