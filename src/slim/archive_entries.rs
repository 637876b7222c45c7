//! Entries of archives that programs carry: those of ZIP files, and those that `PyInstaller`
//! appends to a program.

use std::collections::BTreeSet;
use std::io::Read as _;

use super::keep::Keep;
use crate::elf;
use crate::image::NameId;

/// An archive may claim to contain more than fits into memory.
const MAX_ENTRY: u64 = 64 << 20;
/// Libraries of one program of `PyInstaller`. Large programs have a few hundred.
const MAX_ROWS: usize = 10_000;
/// Bytes that all entries of one archive inflate to.
const MAX_ALL: u64 = 1 << 30;

/// Reads an archive with a function that receives its bytes and the remaining budget for
/// decompressed bytes, which the function reduces. Returns `None` if the file cannot be read.
pub(super) fn read_archive<T>(
    keep: &mut Keep<'_>,
    name: NameId,
    read: impl FnOnce(&[u8], &mut u64) -> T,
) -> Option<T> {
    let bytes = keep.view.binary(name)?;
    // A single archive must not use up the budget of all archives.
    let allowed = MAX_ALL.min(keep.effort.archives.left());
    let mut left = allowed;
    let result = read(&bytes, &mut left);
    let spent = usize::try_from(allowed - left).unwrap_or(usize::MAX);
    keep.effort.archives.spend(spent);
    if left == 0 {
        let text = "the archive is too large when decompressed: only part of it is analyzed";
        keep.note(Some(name), None, text.to_owned());
    }
    Some(result)
}

/// The bytes of a ZIP entry; those of a broken one count too. `None` if the entry is compressed in
/// a way that neither Java nor Python can read.
pub(super) fn inflate(
    data: &[u8],
    method: rawzip::CompressionMethod,
    left: &mut u64,
) -> Option<Vec<u8>> {
    // An entry that inflates to nothing takes time all the same.
    *left = left.saturating_sub(data.len() as u64);
    match method {
        rawzip::CompressionMethod::STORE => at_most(data, left),
        rawzip::CompressionMethod::DEFLATE => {
            at_most(flate2::bufread::DeflateDecoder::new(data), left)
        }
        _ => None,
    }
}

fn at_most(reader: impl std::io::Read, left: &mut u64) -> Option<Vec<u8>> {
    let mut content = Vec::new();
    let read = reader.take(MAX_ENTRY.min(*left)).read_to_end(&mut content);
    *left -= content.len() as u64;
    read.ok().map(|_| content)
}

/// The libraries that a library needs which is extracted and loaded when the program runs.
pub(super) fn needed(library: &[u8]) -> Vec<Vec<u8>> {
    match elf::parse(library) {
        Ok(elf) => elf.needed,
        Err(_) => Vec::new(),
    }
}

/// Whether `PyInstaller` has appended compressed Python modules to a program.
pub(super) fn has_python_modules(bytes: &[u8]) -> bool {
    pyinstaller_entries(bytes).is_some()
}

/// The entries of a ZIP file whose paths `is_wanted` accepts, as text, each passed to `read`.
pub(super) fn read_entries(
    bytes: &[u8],
    left: &mut u64,
    is_wanted: impl Fn(&[u8]) -> bool,
    mut read: impl FnMut(&str),
) {
    let Ok(archive) = rawzip::ZipArchive::from_slice(bytes) else {
        return;
    };
    let mut entries = archive.entries();
    while let Ok(Some(entry)) = entries.next_entry() {
        if *left == 0 {
            return;
        }
        if !is_wanted(entry.file_path().as_ref()) {
            continue;
        }
        let method = entry.compression_method();
        let Ok(entry) = archive.get_entry(entry.wayfinder()) else {
            continue;
        };
        if let Some(content) = inflate(entry.data(), method, left) {
            read(&String::from_utf8_lossy(&content));
        }
    }
}

/// The libraries that the ELF files in an archive need, if the file is one or ends with one.
pub(super) fn needed_by_entries(bytes: &[u8], left: &mut u64) -> BTreeSet<Vec<u8>> {
    let mut libraries = BTreeSet::new();
    if let Some(entries) = pyinstaller_entries(bytes) {
        for entry in entries {
            // An entry that inflates to nothing takes time all the same.
            *left = left.saturating_sub(entry.len() as u64);
            if let Some(content) = at_most(flate2::bufread::ZlibDecoder::new(entry), left) {
                libraries.extend(needed(&content));
            }
        }
        return libraries;
    }
    let Ok(archive) = rawzip::ZipArchive::from_slice(bytes) else {
        return libraries;
    };
    let mut entries = archive.entries();
    while let Ok(Some(entry)) = entries.next_entry() {
        // Libraries are known by their content, but a text is not inflated to find out.
        if *left == 0 || is_text(entry.file_path().as_ref()) {
            continue;
        }
        let method = entry.compression_method();
        let Ok(entry) = archive.get_entry(entry.wayfinder()) else {
            continue;
        };
        if let Some(content) = inflate(entry.data(), method, left) {
            libraries.extend(needed(&content));
        }
    }
    libraries
}

fn is_text(path: &[u8]) -> bool {
    const ENDINGS: [&[u8]; 10] = [
        b".py", b".pyc", b".pyi", b".txt", b".json", b".js", b".html", b".css", b".md", b"/",
    ];
    ENDINGS.iter().any(|ending| path.ends_with(ending))
}

/// The compressed libraries in the archive that `PyInstaller` appends to its start program; empty
/// if there is no such archive.
///
/// The archive ends with a cookie: a magic number, then in big-endian words of 32 bits the length
/// of the archive, and the place and the length of its table. A row of the table is its own length,
/// the place, the compressed and the whole length of an entry, a byte that says whether it is
/// compressed, and one for its type (`b` for a library).
fn pyinstaller_entries(bytes: &[u8]) -> Option<Vec<&[u8]>> {
    const MAGIC: &[u8] = b"MEI\x0c\x0b\x0a\x0b\x0e";
    // The cookie is at the end of the file or before a signature.
    const LOOKED_AT: usize = 1 << 16;
    const HEADER: usize = 18;
    let tail = bytes.len().saturating_sub(LOOKED_AT);
    let cookie = tail + memchr::memmem::rfind(&bytes[tail..], MAGIC)?;
    let length_of_cookie = 88;
    let length = word(bytes, cookie + 8)?;
    let end = cookie.checked_add(length_of_cookie)?.min(bytes.len());
    let archive = bytes.get(end.checked_sub(length)?..end)?;
    let start = word(bytes, cookie + 12)?;
    let table = archive.get(start..start.checked_add(word(bytes, cookie + 16)?)?)?;
    let mut entries = Vec::new();
    let mut at = 0;
    while let Some(row_length) = word(table, at)
        && entries.len() < MAX_ROWS
    {
        let (Some(place), Some(stored)) = (word(table, at + 4), word(table, at + 8)) else {
            break;
        };
        let is_library = table.get(at + 17) == Some(&b'b');
        if is_library && let Some(entry) = archive.get(place..place.saturating_add(stored)) {
            entries.push(entry);
        }
        // A row shorter than its fixed part would not move on.
        at += row_length.max(HEADER);
    }
    Some(entries)
}

fn word(bytes: &[u8], at: usize) -> Option<usize> {
    let bytes = bytes.get(at..at.checked_add(4)?)?.first_chunk()?;
    usize::try_from(u32::from_be_bytes(*bytes)).ok()
}
