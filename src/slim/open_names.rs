//! The names of libraries that an ELF file may open while it runs: those that a note in it
//! announces, and, if it takes a function from another that opens libraries, those among its
//! strings.

use std::collections::{BTreeSet, HashSet};

use super::keep_rules;
use crate::elf::{Elf, MayOpen, Priority, announced, library_names};

/// A library name that may be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OpenName {
    pub(super) name: Vec<u8>,
    /// Whether the note that declares it marks it as required; `None` if the name is only a string.
    pub(super) announced: Option<bool>,
}

/// The names in a file, declared ones first. `imports` are the symbols that it imports.
pub(super) fn of(elf: &Elf, bytes: &[u8], imports: &HashSet<&[u8]>) -> Vec<OpenName> {
    let entries = announced(elf, bytes);
    let mut names = from_notes(&entries);
    // A name among the strings of a file that opens nothing is chance.
    if imports.iter().any(|symbol| opens_libraries(symbol)) {
        names.extend(from_strings(elf, bytes, &entries));
    }
    names
}

/// Whether a function opens a library by name: `dlopen` of the C library, or one of a library that
/// wraps it. Their names say so: `PR_LoadLibraryWithFlags` (NSPR), `g_module_open` (`GLib`),
/// `lt_dlopenext` (libltdl), `apr_dso_load` (APR), `uv_dlopen` (libuv), `SDL_LoadObject` (SDL),
/// `DSO_load` (OpenSSL), `QLibrary::load` and `QPluginLoader::load` (Qt, mangled).
fn opens_libraries(symbol: &[u8]) -> bool {
    const PARTS: [&[u8]; 9] = [
        b"dlopen",
        b"dlmopen",
        b"LoadLibrary",
        b"load_library",
        b"module_open",
        b"dso_load",
        b"LoadObject",
        b"8QLibrary",
        b"13QPluginLoader",
    ];
    symbol == b"DSO_load"
        || PARTS
            .iter()
            .any(|part| memchr::memmem::find(symbol, part).is_some())
}

/// The names among the strings, without those that are loaded or announced anyway.
fn from_strings(elf: &Elf, bytes: &[u8], entries: &[MayOpen]) -> Vec<OpenName> {
    let mut known: BTreeSet<&[u8]> = BTreeSet::new();
    for entry in entries {
        known.extend(entry.soname.iter().map(String::as_bytes));
    }
    // Dependencies are loaded at startup, and the file's own SONAME is always among its strings.
    known.extend(elf.needed.iter().map(Vec::as_slice));
    known.extend(elf.soname.as_deref());
    // A program has no SONAME. No rule lists an empty name, so all names in a program count.
    let holder = elf.soname.as_deref().unwrap_or_default();
    let mut names = Vec::new();
    for name in library_names(bytes) {
        if is_name(name) && !known.contains(name) && !keep_rules::is_not_opened(holder, name) {
            names.push(OpenName {
                name: name.to_vec(),
                announced: None,
            });
        }
    }
    names
}

/// All names of an entry, because the choice is made when it is opened. Suggested libraries are not
/// required.
fn from_notes(entries: &[MayOpen]) -> Vec<OpenName> {
    let mut names = Vec::new();
    for entry in entries {
        // According to UAPI.12, distributions do not install these by default, so the file works
        // without them.
        if entry.priority == Priority::Suggested {
            continue;
        }
        for name in &entry.soname {
            names.push(OpenName {
                name: name.clone().into_bytes(),
                announced: Some(entry.priority == Priority::Required),
            });
        }
    }
    names
}

/// Whether a string is a name or an absolute path, as opposed to a pattern or the suffix of a path.
fn is_name(name: &[u8]) -> bool {
    (name.starts_with(b"/") || !name.contains(&b'/'))
        && !name.iter().any(|byte| b"%${}".contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn format_strings_and_relative_paths_are_not_library_names() {
        assert!(is_name(b"libz.so.1") && is_name(b"/opt/x.so"));
        assert!(!is_name(b"lib%s.so") && !is_name(b"plugins/x.so") && !is_name(b"$ORIGIN/libx.so"));
    }

    #[test]
    fn functions_that_wrap_dlopen_open_libraries() {
        for symbol in [
            "dlopen",
            "PR_LoadLibraryWithFlags",
            "g_module_open",
            "lt_dlopenext",
            "apr_dso_load",
            "_ZN8QLibrary4loadEv",
        ] {
            assert!(opens_libraries(symbol.as_bytes()), "{symbol}");
        }
        for symbol in ["dlsym", "dlclose", "fopen", "g_module_close", "DSO_free"] {
            assert!(!opens_libraries(symbol.as_bytes()), "{symbol}");
        }
    }

    #[test]
    fn suggested_libraries_of_a_note_are_not_opened() {
        let entry = |priority, name: &str| MayOpen {
            soname: vec![name.to_owned()],
            priority,
            ..MayOpen::default()
        };
        let entries = [
            entry(Priority::Suggested, "a"),
            entry(Priority::Recommended, "b"),
            entry(Priority::Required, "c"),
        ];
        let names = from_notes(&entries);
        assert_eq!(
            names[0],
            OpenName {
                name: b"b".to_vec(),
                announced: Some(false)
            }
        );
        assert_eq!(
            names[1],
            OpenName {
                name: b"c".to_vec(),
                announced: Some(true)
            }
        );
        assert_eq!(names.len(), 2);
    }
}
