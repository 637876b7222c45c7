//! The constants of a Java class: the programs that it starts and the libraries that it loads.

/// Programs and libraries named in a class, if it calls methods that start or load them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Calls {
    /// Strings that may be programs, depending on the image.
    pub(super) programs: Vec<String>,
    /// Sonames.
    pub(super) libraries: Vec<Vec<u8>>,
    /// Names without `lib` and `.so`, of whatever version is there.
    pub(super) short_libraries: Vec<String>,
}

pub(super) fn calls(bytes: &[u8]) -> Calls {
    let Some((texts, strings)) = constants(bytes) else {
        return Calls::default();
    };
    // The constant pool lists every class and method that the code calls, so the code itself need
    // not be read.
    let starts = names(&texts, "java/lang/ProcessBuilder")
        || (names(&texts, "java/lang/Runtime") && names(&texts, "exec"));
    let loads = names(&texts, "loadLibrary");
    // JNA and jnr-ffi look for a library as a linker does, with a version after `.so`.
    let binds = names(&texts, "com/sun/jna/Native") || names(&texts, "jnr/ffi/LibraryLoader");
    let looks_up = names(&texts, "libraryLookup");
    let mut calls = Calls::default();
    // Most classes do none of it, and their strings are not looked at.
    if !(starts || loads || binds || looks_up) {
        return calls;
    }
    for place in &strings {
        let Some(Some(text)) = texts.get(usize::from(*place)) else {
            continue;
        };
        if !is_word(text) {
            continue;
        }
        // `SymbolLookup.libraryLookup("libz.so.1", arena)`.
        if looks_up && text.starts_with("lib") && text.contains(".so") {
            calls.libraries.push(text.as_bytes().to_vec());
        }
        if binds && !text.contains(['/', '.']) {
            calls.short_libraries.push((*text).to_owned());
        }
        if starts {
            calls.programs.push((*text).to_owned());
        }
        // `loadLibrary("z")` loads `libz.so`.
        if loads {
            calls.libraries.push(format!("lib{text}.so").into_bytes());
        }
    }
    calls
}

/// Whether a class names a class or a method. A class has few texts, and most of them have another
/// length, so a search is faster than a set.
fn names(texts: &[Option<&str>], wanted: &str) -> bool {
    texts.contains(&Some(wanted))
}

/// Whether a text is the start of a command line.
fn is_word(text: &str) -> bool {
    const LONGEST: usize = 200;
    text.len() > 1
        && text.len() < LONGEST
        && text.starts_with(|char: char| char.is_ascii_lowercase() || char == '/')
}

/// The texts of the constant pool by index, and the indexes of those that are string constants: JVM
/// specification, 4.4. `None` if it is invalid.
fn constants(bytes: &[u8]) -> Option<(Vec<Option<&str>>, Vec<u16>)> {
    const MAGIC: &[u8] = &[0xCA, 0xFE, 0xBA, 0xBE];
    // The four bytes skipped are the version of the format.
    let mut rest = bytes.strip_prefix(MAGIC)?.get(4..)?;
    let count = take_u16(&mut rest)?;
    // Entry 0 does not exist: the pool is indexed from 1.
    let mut texts = vec![None];
    let mut strings = Vec::new();
    while texts.len() < usize::from(count) {
        let (&tag, after) = rest.split_first()?;
        rest = after;
        let size = match tag {
            1 => usize::from(take_u16(&mut rest)?),
            7 | 8 | 16 | 19 | 20 => 2,
            15 => 3,
            3 | 4 | 9 | 10 | 11 | 12 | 17 | 18 => 4,
            5 | 6 => 8,
            // The size of an unknown entry is unknown, so nothing after it can be read.
            _ => return None,
        };
        let content = rest.get(..size)?;
        let mut text = None;
        match (tag, content) {
            (1, content) => text = std::str::from_utf8(content).ok(),
            (8, [high, low]) => strings.push(u16::from_be_bytes([*high, *low])),
            _ => {}
        }
        texts.push(text);
        // A long or double takes two entries.
        if matches!(tag, 5 | 6) {
            texts.push(None);
        }
        rest = &rest[size..];
    }
    Some((texts, strings))
}

fn take_u16(rest: &mut &[u8]) -> Option<u16> {
    let (bytes, after) = rest.split_first_chunk::<2>()?;
    *rest = after;
    Some(u16::from_be_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A class with these names and strings.
    fn class(names: &[&str], strings: &[&str]) -> Vec<u8> {
        let mut bytes = vec![0xCA, 0xFE, 0xBA, 0xBE, 0, 0, 0, 61];
        let number = |count: usize| u16::try_from(count).unwrap().to_be_bytes();
        // A long before them takes two entries.
        bytes.extend(number(names.len() + 2 * strings.len() + 3));
        bytes.extend([5, 0, 0, 0, 0, 0, 0, 0, 1]);
        for text in names.iter().chain(strings) {
            bytes.push(1);
            bytes.extend(number(text.len()));
            bytes.extend(text.as_bytes());
        }
        for place in 0..strings.len() {
            bytes.push(8);
            bytes.extend(number(3 + names.len() + place));
        }
        bytes
    }

    #[test]
    fn strings_of_a_class_are_programs_only_if_it_starts_programs() {
        let programs = |names: &[&str]| calls(&class(names, &["date", "-u"])).programs;
        assert_eq!(programs(&["java/lang/ProcessBuilder", "name"]), ["date"]);
        assert_eq!(programs(&["java/lang/Runtime", "exec"]), ["date"]);
        assert_eq!(programs(&["java/lang/Runtime", "gc"]), Vec::<String>::new());
        assert_eq!(
            calls(&class(&["loadLibrary"], &["jna"])).libraries,
            [b"libjna.so".to_vec()]
        );
        assert_eq!(
            calls(&class(&["com/sun/jna/Native", "load"], &["sqlite3"])).short_libraries,
            ["sqlite3"]
        );
        assert_eq!(
            calls(&class(&["libraryLookup"], &["libz.so.1"])).libraries,
            [b"libz.so.1".to_vec()]
        );
    }

    #[test]
    fn a_broken_class_has_no_strings() {
        let whole = class(&["java/lang/ProcessBuilder"], &["date"]);
        assert_eq!(calls(&whole[..whole.len() - 1]), Calls::default());
        assert_eq!(calls(b"PK"), Calls::default());
    }
}
