//! Compiled code of .NET and of Erlang: the strings in it, which may name programs, libraries and
//! files.
//!
//! Neither is run by a loader that could be asked: assemblies and modules are data of a virtual
//! machine. Strings of .NET are stored in UTF-16, those of Erlang in a compressed table.

use std::collections::BTreeSet;
use std::io::Read as _;

use super::calls::program_of;
use super::programs::{keep_libraries, keep_named};
use super::source::added_programs;
use super::state::State;
use crate::image::NameId;
use crate::slim::keep::Keep;
use crate::slim::why::Why;

/// Longer strings are messages.
const LONGEST: usize = 200;
/// Different strings of one file that are looked at.
const MAX_STRINGS: usize = 1 << 16;
/// Bytes that the literals of one module of Erlang inflate to.
const MAX_LITERALS: u64 = 16 << 20;

/// Keeps what the strings of an assembly or a module name.
pub(super) fn trace(state: &mut State, keep: &mut Keep<'_>, name: NameId) {
    let file_name = keep.tree().file_name(name);
    let (is_assembly, is_module) = (file_name.ends_with(b".dll"), file_name.ends_with(b".beam"));
    // Those of the distribution belong to the language itself.
    if !(is_assembly || is_module) || !keep.graph.is_users(name) {
        return;
    }
    let Some(bytes) = keep.view.binary(name) else {
        return;
    };
    if !keep.effort.sources.spend(bytes.len()) {
        let text = "too many source files in the image: this one is not analyzed".to_owned();
        return keep.note(Some(name), None, text);
    }
    let strings = if is_assembly {
        assembly_strings(&bytes)
    } else {
        // A module of 24 kB may have 16 MB of literals, so they count as well.
        let most = keep.effort.sources.left();
        let table = literal_table(&bytes, most).unwrap_or_default();
        keep.effort.sources.spend(table.len());
        literals(&table)
    };
    keep_named_in(state, keep, name, &strings);
}

fn keep_named_in(state: &mut State, keep: &mut Keep<'_>, name: NameId, strings: &BTreeSet<String>) {
    let added = added_programs(state, keep);
    let mut libraries: Vec<String> = Vec::new();
    // Compiled code has no lines.
    for text in strings {
        if text.starts_with('/') {
            keep_added_file(keep, name, text);
        } else if let Some(program) = program_of(text)
            && added.contains(program.as_bytes())
        {
            keep_named(keep, name, program, 1, false);
        } else if is_library(text) {
            libraries.push(text.clone());
            // The runtime appends the ending that libraries have on Linux.
            libraries.push(format!("{text}.so"));
        }
    }
    let names: Vec<&str> = libraries.iter().map(String::as_str).collect();
    keep_libraries(keep, name, &names, &[], &|word| Why::Named {
        word: word.to_owned(),
        line: 1,
    });
}

/// Keeps a file that a layer above the base image added.
fn keep_added_file(keep: &mut Keep<'_>, by: NameId, path: &str) {
    let Ok(resolved) = keep.tree().resolve(path.as_bytes()) else {
        return;
    };
    if keep.is_file(resolved.name) && keep.is_added(resolved.name) {
        keep.keep_path(path.as_bytes(), Some(by), Why::mention(path.to_owned(), 1));
    }
}

fn is_library(text: &str) -> bool {
    text.len() > 3
        && text.starts_with("lib")
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._+-".contains(&byte))
}

/// The strings of an assembly in UTF-16, and the names of native libraries, which are in UTF-8:
/// ECMA-335, II.24.2.3 and II.24.2.4.
fn assembly_strings(bytes: &[u8]) -> BTreeSet<String> {
    let mut strings = BTreeSet::new();
    let names = bytes.split(|&byte| byte == 0);
    for name in names.filter(|name| name.starts_with(b"lib") && name.len() <= LONGEST) {
        add(&mut strings, name);
    }
    let mut at = 0;
    while at + 1 < bytes.len() {
        let text: Vec<u8> = bytes[at..]
            .chunks_exact(2)
            .take_while(|pair| is_printable(pair[0]) && pair[1] == 0)
            .take(LONGEST + 1)
            .map(|pair| pair[0])
            .collect();
        add(&mut strings, &text);
        // The place of the next string need not be even.
        at += (2 * text.len()).max(1);
    }
    strings
}

/// The strings among the literals of a module of Erlang or Elixir, in the format of
/// `erlang:term_to_binary`: binaries (109) and lists of characters (107).
fn literals(table: &[u8]) -> BTreeSet<String> {
    const BINARY: u8 = 109;
    const CHARACTERS: u8 = 107;
    let mut strings = BTreeSet::new();
    for (at, &tag) in table.iter().enumerate() {
        let rest = &table[at + 1..];
        let (length, text) = match tag {
            BINARY => match rest.split_first_chunk::<4>() {
                Some((length, text)) => (length_of(*length), text),
                None => continue,
            },
            CHARACTERS => match rest.split_first_chunk::<2>() {
                Some((length, text)) => (usize::from(u16::from_be_bytes(*length)), text),
                None => continue,
            },
            _ => continue,
        };
        if length <= LONGEST
            && let Some(text) = text.get(..length)
        {
            add(&mut strings, text);
        }
    }
    strings
}

fn length_of(bytes: [u8; 4]) -> usize {
    usize::try_from(u32::from_be_bytes(bytes)).unwrap_or(usize::MAX)
}

/// The chunk `LitT` of a module: the length of the table, then the table, compressed unless that
/// length is zero. At most `most` bytes of it are read.
fn literal_table(bytes: &[u8], most: u64) -> Option<Vec<u8>> {
    const HEADER: usize = 12;
    if !bytes.starts_with(b"FOR1") || bytes.get(8..HEADER)? != b"BEAM" {
        return None;
    }
    let mut rest = bytes.get(HEADER..)?;
    loop {
        let (id, after) = rest.split_first_chunk::<4>()?;
        let (size, after) = after.split_first_chunk::<4>()?;
        let size = length_of(*size);
        let data = after.get(..size)?;
        if id != b"LitT" {
            // Chunks are aligned to 4 bytes.
            rest = after.get(size.next_multiple_of(4)..)?;
            continue;
        }
        let (length, packed) = data.split_first_chunk::<4>()?;
        if *length == [0; 4] {
            return Some(packed.to_vec());
        }
        let mut table = Vec::new();
        let reader = flate2::bufread::ZlibDecoder::new(packed);
        let mut reader = reader.take(MAX_LITERALS.min(most));
        reader.read_to_end(&mut table).ok()?;
        return Some(table);
    }
}

fn add(strings: &mut BTreeSet<String>, text: &[u8]) {
    let is_text =
        (2..=LONGEST).contains(&text.len()) && text.iter().all(|&byte| is_printable(byte));
    if is_text && strings.len() < MAX_STRINGS {
        strings.insert(String::from_utf8_lossy(text).into_owned());
    }
}

fn is_printable(byte: u8) -> bool {
    matches!(byte, b' '..=b'~')
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn module(length: u32, table: &[u8]) -> Vec<u8> {
        let mut chunk = length.to_be_bytes().to_vec();
        chunk.extend_from_slice(table);
        let mut bytes = b"FOR1\0\0\0\0BEAMAtU8\0\0\0\x03abc\0LitT".to_vec();
        bytes.extend(u32::try_from(chunk.len()).unwrap().to_be_bytes());
        bytes.extend(chunk);
        bytes
    }

    #[test]
    fn strings_of_a_module_are_in_its_table_of_literals() {
        let table = b"\x83m\0\0\0\x06pandoc\x83k\0\x07date -u";
        let expected = ["date -u", "pandoc"].map(str::to_owned);
        let raw = strings(&module(0, table));
        assert_eq!(raw, BTreeSet::from(expected.clone()));
        let level = flate2::Compression::default();
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), level);
        encoder.write_all(table).unwrap();
        let packed = encoder.finish().unwrap();
        let inflated = strings(&module(24, &packed));
        assert_eq!(inflated, BTreeSet::from(expected));
        assert_eq!(literal_table(&module(24, &packed), 5).unwrap().len(), 5);
    }

    fn strings(bytes: &[u8]) -> BTreeSet<String> {
        literals(&literal_table(bytes, u64::MAX).unwrap())
    }

    #[test]
    fn a_broken_module_has_no_strings() {
        let whole = module(0, b"\x83m\0\0\0\x06pandoc");
        for length in 0..whole.len() {
            literal_table(&whole[..length], u64::MAX);
        }
        let endless = b"FOR1\0\0\0\0BEAMLitT\xff\xff\xff\xff";
        assert_eq!(literal_table(endless, u64::MAX), None);
        assert_eq!(literal_table(b"PK", u64::MAX), None);
    }

    #[test]
    fn strings_of_an_assembly_are_stored_in_two_encodings() {
        let bytes = b"MZ\0libgdiplus\0Main\0\x0dp\0a\0n\0d\0o\0c\0\0\x0b/\0x\0\0";
        let expected = ["/x", "libgdiplus", "pandoc"].map(str::to_owned);
        assert_eq!(assembly_strings(bytes), BTreeSet::from(expected));
    }

    #[test]
    fn a_library_has_its_prefix_and_no_spaces() {
        assert!(is_library("libgdiplus") && is_library("libz.so.1"));
        assert!(!is_library("lib") && !is_library("library of songs"));
    }
}
