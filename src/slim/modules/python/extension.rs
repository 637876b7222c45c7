//! The modules that an extension module, which is machine code, may import by name.
//!
//! C has the names as strings that end with a NUL; Rust has all strings of a library in a row, so
//! that a name begins and ends in the middle of others.

use std::collections::BTreeSet;

use super::names::{How, Names, is_test};
use super::source::{Request, Source};

/// Bytes after a first part that may belong to the name.
const LONGEST: usize = 120;
/// Different names that are followed; a library has at most a few hundred.
const MAX_NAMES: usize = 10_000;
/// Shorter first parts are found in the middle of other words.
const LONG: usize = 5;
/// Places with a first part that are looked at. A library of 30 MB has some 100,000 of short ones.
const MAX_PLACES: usize = 1 << 20;

/// Reads the names in the data of an extension module, with those of the modules next to it that it
/// may load.
pub(super) fn read<'n>(
    bytes: &[u8],
    names: &Names,
    beside: impl Iterator<Item = &'n String>,
) -> Source {
    let mut source = read_names(bytes, names);
    let loads_all = may_load_siblings(bytes);
    for name in beside {
        if !is_test(name) && (loads_all || may_load_sibling(bytes, name)) {
            source.siblings.push(name.clone());
        }
    }
    source
}

fn read_names(bytes: &[u8], names: &Names) -> Source {
    let mut found: BTreeSet<(&str, How)> = BTreeSet::new();
    let Some(finder) = names.finder() else {
        return Source::unreadable();
    };
    for (place, part) in finder.find_iter(bytes).enumerate() {
        if place >= MAX_PLACES {
            return Source::unreadable();
        }
        let (start, end) = (part.start(), part.end());
        let is_inside = start > 0 && is_identifier(bytes[start - 1]);
        if found.len() >= MAX_NAMES || (is_inside && end - start < LONG) {
            continue;
        }
        match bytes.get(end) {
            Some(b'.') => {
                let rest = &bytes[start..bytes.len().min(end + LONGEST)];
                let length = rest.iter().position(|&byte| !is_part(byte));
                let name = std::str::from_utf8(&rest[..length.unwrap_or(rest.len())]);
                found.extend(name.ok().map(|name| (name, How::Glued)));
            }
            // A whole string of C.
            Some(0) if start > 0 && bytes[start - 1] == 0 && end - start >= LONG => {
                let name = std::str::from_utf8(&bytes[start..end]);
                found.extend(name.ok().map(|name| (name, How::Call)));
            }
            _ => {}
        }
    }
    let mut source = Source {
        is_machine_code: true,
        ..Source::default()
    };
    for (name, how) in found {
        source.requests.push(Request {
            level: 0,
            name: name.trim_end_matches('.').to_owned(),
            // A library has no lines.
            line: 1,
            how,
            is_optional: true,
            is_of_program: false,
        });
    }
    source
}

/// Whether machine code may load any module next to it: only Cython has such imports without the
/// text of the name, since it may compress its strings. All of its versions since 0.27 have a module
/// `cython_runtime`.
fn may_load_siblings(bytes: &[u8]) -> bool {
    let mut marks = [&b"cython_runtime"[..], b"__pyx_"].into_iter();
    marks.any(|mark| memchr::memmem::find(bytes, mark).is_some())
}

/// Whether other machine code may load a module next to it, whose name is relative.
fn may_load_sibling(bytes: &[u8], name: &str) -> bool {
    memchr::memmem::find(bytes, name.as_bytes()).is_some()
}

fn is_identifier(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn is_part(byte: u8) -> bool {
    is_identifier(byte) || byte == b'.'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_may_import_everything_if_there_are_too_many_names_to_look_for() {
        let long = "a".repeat(200);
        let tops = (0..6_000).map(|number| format!("{long}{number}"));
        let names = Names {
            tops: tops.collect(),
            ..Names::default()
        };
        assert!(read_names(b"\0numpy\0", &names).is_unreadable);
    }

    #[test]
    fn a_library_may_import_everything_if_there_are_too_many_places_to_look_at() {
        let names = Names {
            tops: ["a"].map(str::to_owned).into(),
            ..Names::default()
        };
        assert!(!read_names(&b"a".repeat(MAX_PLACES), &names).is_unreadable);
        assert!(read_names(&b"a".repeat(MAX_PLACES + 1), &names).is_unreadable);
    }

    #[test]
    fn siblings_are_named_except_by_cython() {
        assert!(may_load_sibling(b"\0_other\0", "_other"));
        assert!(!may_load_sibling(b"\0_others\0".split_at(5).0, "_other"));
        assert!(may_load_siblings(b"\0__pyx_capi__\0"));
        assert!(!may_load_siblings(b"\0_other\0"));
    }

    #[test]
    fn names_are_found_in_strings_of_c_and_of_rust() {
        let names = Names {
            tops: ["numpy", "cryptography", "py"].map(str::to_owned).into(),
            ..Names::default()
        };
        let bytes = b"\0numpy\0xnumpy\0numpy.core.x\0happy.\0ofcryptography.x509cryptography.y(";
        let source = read_names(bytes, &names);
        let found: Vec<&str> = source
            .requests
            .iter()
            .map(|request| &*request.name)
            .collect();
        assert_eq!(
            found,
            [
                "cryptography.x509cryptography.y",
                "cryptography.y",
                "numpy",
                "numpy.core.x"
            ]
        );
    }
}
