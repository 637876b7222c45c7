//! Java archives: the class path in the manifest, the programs that their classes start, the
//! libraries in them.

use std::collections::{BTreeSet, HashSet};

use crate::image::NameId;
use crate::paths::is_library_name;
use crate::slim::archive_entries::{inflate, needed, read_archive};
use crate::slim::keep::Keep;
use crate::slim::why::{Language, Why};

use super::super::programs;
use super::class;

/// Largest part of a manifest that is read, in bytes. Those of large applications have a few kB.
const MAX_MANIFEST: u64 = 1 << 20;
/// The cost of a class that starts programs or loads libraries, for each of its bytes: all of its
/// strings are kept and looked up. Few classes of an application do that.
const CALLER: u64 = 128;

/// Needs of an archive that other files meet.
#[derive(Debug, Default)]
struct Asks {
    /// The entries of `Class-Path`, relative to the directory of the archive.
    class_path: BTreeSet<String>,
    programs: BTreeSet<String>,
    /// Strings in the archives of libraries, whose classes an application seldom uses completely.
    programs_of_packages: BTreeSet<String>,
    /// Sonames.
    libraries: BTreeSet<Vec<u8>>,
    /// Names without `lib` and `.so`.
    short_libraries: BTreeSet<String>,
}

pub(in crate::slim::tracers::runtimes) fn trace(keep: &mut Keep<'_>, name: NameId) {
    let mut asks = Asks::default();
    let is_read = read_archive(keep, name, |bytes, left| read(bytes, true, left, &mut asks));
    if is_read.is_some() {
        keep_asked(keep, name, asks);
    }
}

/// Keeps the dependencies of an archive.
fn keep_asked(keep: &mut Keep<'_>, name: NameId, asks: Asks) {
    let directory = keep.tree().parent(name);
    for path in &asks.class_path {
        let why = Why::module(Language::Java, path.clone());
        if let Ok(resolved) = keep.tree().resolve_from(directory, path.as_bytes()) {
            keep.graph.keep(resolved.name, Some(name), why);
            keep.keep_way(resolved.name, &resolved.crossed);
        }
    }
    // Constants in a class file have no line numbers, so line 1 is used for the archive.
    for program in asks.programs {
        programs::keep_program(keep, name, &program, 1, true);
    }
    for program in asks.programs_of_packages {
        let file = keep.programs.find_file(keep.view, program.as_bytes());
        // Someone installed the program for this image.
        if file.is_some_and(|file| keep.is_added(file)) {
            programs::keep_program(keep, name, &program, 1, false);
        }
    }
    programs::keep_libraries_of_archive(keep, name, &asks.libraries);
    let short: Vec<&str> = asks.short_libraries.iter().map(String::as_str).collect();
    programs::keep_libraries(keep, name, &[], &short, &|word| Why::Named {
        word: word.to_owned(),
        line: 1,
    });
}

/// Reads an archive and the archives in it, once. Broken entries are skipped, because Java would
/// not load them either.
fn read(bytes: &[u8], is_outer: bool, left: &mut u64, asks: &mut Asks) {
    let Ok(archive) = rawzip::ZipArchive::from_slice(bytes) else {
        return;
    };
    let mut entries = archive.entries();
    let mut seen = HashSet::new();
    while let Ok(Some(entry)) = entries.next_entry() {
        let path = entry.file_path().as_ref().to_vec();
        // Spring Boot archives contain the archives of their libraries; no launcher supports deeper
        // nesting.
        let is_nested = path.ends_with(b".jar") && is_outer;
        let is_class = path.ends_with(b".class");
        let is_library = path.ends_with(b".jnilib") || is_library_name(&path);
        let is_manifest = path == b"META-INF/MANIFEST.MF" && is_outer;
        if !(is_nested || is_class || is_library || is_manifest) {
            continue;
        }
        let method = entry.compression_method();
        let Ok(entry) = archive.get_entry(entry.wayfinder()) else {
            continue;
        };
        // A small archive may list the same bytes a hundred thousand times.
        if !seen.insert(entry.compressed_data_range()) {
            continue;
        }
        // The limit for all archives of the image is exhausted.
        if *left == 0 {
            return;
        }
        let mut allowed = if is_manifest {
            (*left).min(MAX_MANIFEST)
        } else {
            *left
        };
        let before = allowed;
        let content = inflate(entry.data(), method, &mut allowed);
        *left -= before - allowed;
        let Some(content) = content else {
            continue;
        };
        if is_nested {
            read(&content, false, left, asks);
        } else if is_class {
            let called = class::calls(&content);
            if called != class::Calls::default() {
                *left = left.saturating_sub(CALLER * content.len() as u64);
            }
            let programs = if is_outer {
                &mut asks.programs
            } else {
                &mut asks.programs_of_packages
            };
            programs.extend(called.programs);
            asks.libraries.extend(called.libraries);
            asks.short_libraries.extend(called.short_libraries);
        } else if is_library {
            asks.libraries.extend(needed(&content));
        } else {
            asks.class_path = class_path(&String::from_utf8_lossy(&content));
        }
    }
}

/// `Class-Path` of a manifest, whose long lines go on after a line break and a blank.
fn class_path(manifest: &str) -> BTreeSet<String> {
    // A line of a manifest has at most 72 bytes, so paths may be split anywhere.
    let whole = manifest.replace("\r\n", "\n").replace("\n ", "");
    let line = whole
        .lines()
        .find_map(|line| line.strip_prefix("Class-Path:"));
    let paths = line
        .unwrap_or_default()
        .split_whitespace()
        .map(|path| path.strip_prefix("file:").unwrap_or(path));
    paths.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    /// An archive with a class that starts programs, listed this many times.
    fn repeated_class(count: usize) -> (Vec<u8>, usize) {
        let mut class = vec![0xCA, 0xFE, 0xBA, 0xBE, 0, 0, 0, 61, 0, 4];
        for text in ["java/lang/ProcessBuilder", "date"] {
            class.extend([1, 0, u8::try_from(text.len()).unwrap()]);
            class.extend(text.as_bytes());
        }
        class.extend([8, 0, 2]);
        let mut zip = rawzip::ZipArchiveWriter::new(Vec::new());
        let (mut entry, config) = zip.new_file("A.class").start().unwrap();
        let mut writer = config.wrap(&mut entry);
        writer.write_all(&class).unwrap();
        let (_, descriptor) = writer.finish().unwrap();
        entry.finish(descriptor).unwrap();
        let mut bytes = zip.finish().unwrap();
        // The central directory has one entry, before the end record of 22 bytes.
        let start = memchr::memmem::rfind(&bytes, b"PK\x01\x02").unwrap();
        let end = bytes.split_off(bytes.len() - 22);
        let row = bytes[start..].to_vec();
        for _ in 1..count {
            bytes.extend_from_slice(&row);
        }
        let length = u32::try_from(row.len() * count).unwrap();
        bytes.extend_from_slice(&end[..8]);
        for _ in 0..2 {
            bytes.extend(u16::try_from(count).unwrap().to_le_bytes());
        }
        bytes.extend(length.to_le_bytes());
        bytes.extend_from_slice(&end[16..]);
        (bytes, class.len())
    }

    #[test]
    fn a_class_that_is_listed_many_times_is_read_once() {
        for count in [1, 1_000] {
            let (bytes, length) = repeated_class(count);
            let (mut left, mut asks) = (1 << 20, Asks::default());
            read(&bytes, true, &mut left, &mut asks);
            assert_eq!(
                asks.programs,
                BTreeSet::from(["date".to_owned()]),
                "{count}"
            );
            // Stored and inflated, and once more as one whose strings are looked up.
            let cost = (1 << 20) - left;
            assert_eq!(cost, (2 + CALLER) * length as u64, "{count}");
        }
    }

    #[test]
    fn strings_of_classes_cost_more_than_their_bytes() {
        let (bytes, length) = repeated_class(1);
        let (mut left, mut asks) = (3 * length as u64, Asks::default());
        read(&bytes, true, &mut left, &mut asks);
        assert_eq!(left, 0, "nothing more is read");
    }

    #[test]
    fn a_class_path_may_span_manifest_lines() {
        let manifest = "Main-Class: A\r\nClass-Path: lib/a.jar li\r\n b/b.jar\r\nX: y\r\n";
        let paths: Vec<String> = class_path(manifest).into_iter().collect();
        assert_eq!(paths, ["lib/a.jar", "lib/b.jar"]);
    }
}
