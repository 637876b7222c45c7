//! Alpine packages: apk's database, which consists of paragraphs with lines such as `P:musl`.

use super::ecosystem::{Description, PurlName, Reader};
use super::fields::{Paragraph, paragraphs};
use super::{Ecosystem, Facts, MAX_DEPENDS, Order, Scan, text};
use crate::image::{NameId, ReadError};

/// The paths of the database: the old one and that of apk 3.
pub(super) const PLACES: [&[u8]; 2] = [b"/lib/apk/db/installed", b"/usr/lib/apk/db/installed"];

/// Described for the list of ecosystems.
pub(super) const ECOSYSTEM: Description = Description {
    read: Reader::Database(read),
    purl_type: "apk",
    purl_name: PurlName::OfVendor("alpine"),
    order: Order::Alpine,
    ..Description::USUAL
};

pub(super) fn read(scan: &mut Scan<'_>) -> Result<(), ReadError> {
    let mut read = None;
    for place in PLACES {
        let Some(database) = scan.file(place) else {
            continue;
        };
        // If `/lib` is a symlink to `/usr/lib`, both paths are the same file.
        if read == Some(database) {
            continue;
        }
        let Some(bytes) = scan.text(database)? else {
            continue;
        };
        read = Some(database);
        for paragraph in paragraphs(&bytes) {
            if scan.is_full(database) {
                break;
            }
            let files = files(scan, &paragraph, database);
            scan.add(Ecosystem::Apk, facts(&paragraph), database, files);
        }
    }
    Ok(())
}

pub(super) fn facts(paragraph: &Paragraph<'_>) -> Facts {
    let version = paragraph.text("V").unwrap_or_default();
    Facts {
        name: paragraph.text("P").unwrap_or_default(),
        architecture: paragraph.text("A"),
        // The origin is the APKBUILD; all packages built from it share its version.
        source: paragraph.text("o").map(|name| (name, version.clone())),
        license: paragraph.license("L"),
        version,
        broken: broken(paragraph),
        depends: depends(paragraph),
        epoch: None,
    }
}

/// The packages in `D:`, without libraries and commands, such as `so:libc.musl-x86_64.so.1`.
fn depends(paragraph: &Paragraph<'_>) -> Vec<String> {
    let value = paragraph.field("D").unwrap_or_default();
    let mut names = Vec::new();
    for word in value.split(u8::is_ascii_whitespace) {
        if names.len() == MAX_DEPENDS {
            break;
        }
        // A conflict has a mark before its name.
        if !word.is_empty() && !word.contains(&b':') && !word.starts_with(b"!") {
            let end = word
                .iter()
                .position(|byte| matches!(byte, b'<' | b'>' | b'=' | b'~'));
            names.push(text(&word[..end.unwrap_or(word.len())]));
        }
    }
    names
}

/// Names the parts of a package that could not be installed: one letter each after `f:`.
fn broken(paragraph: &Paragraph<'_>) -> Option<String> {
    let letters = paragraph
        .bytes
        .split(|&byte| byte == b'\n')
        .find_map(|line| line.strip_prefix(b"f:"))?;
    let mut parts = Vec::new();
    for (letter, part) in [
        (b'f', "broken files"),
        (b's', "a broken script"),
        (b'x', "broken attributes"),
    ] {
        if letters.contains(&letter) {
            parts.push(part);
        }
    }
    if parts.is_empty() {
        return None;
    }
    Some(parts.join(" and "))
}

/// The files of a package: `F:` names a directory, `R:` a file in it. Thousands may share a
/// directory path of 4 KiB, so each directory is looked up once, and no full paths are built.
fn files(scan: &Scan<'_>, paragraph: &Paragraph<'_>, database: NameId) -> Vec<NameId> {
    let mut files = Vec::new();
    let mut directory = directory(scan, b"");
    let lines = paragraph
        .bytes
        .split(|&byte| byte == b'\n')
        .filter(|line| line.starts_with(b"F:") || line.starts_with(b"R:"));
    for line in scan.listed(database, lines) {
        match line {
            [b'F', b':', path @ ..] => directory = self::directory(scan, path),
            [b'R', b':', name @ ..] => {
                files.extend(directory.and_then(|directory| scan.entry_in(directory, name)));
            }
            _ => {}
        }
    }
    files
}

/// The directory in an `F:` line, which has no leading slash.
fn directory(scan: &Scan<'_>, path: &[u8]) -> Option<NameId> {
    scan.directory(&[b"/", path].concat())
}

/// The paragraph without dropped files and the resulting empty directories; `None` if no file is
/// left.
pub(super) fn reduced<D>(
    paragraph: &Paragraph<'_>,
    directory_at: impl Fn(&[u8]) -> D,
    is_kept: impl Fn(&D, &[u8]) -> bool,
) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut directory = directory_at(b"");
    // The lines of a directory, which are only written if a file in it is kept.
    let mut waiting = Vec::new();
    let (mut keeps, mut any) = (true, false);
    for line in paragraph.bytes.split_inclusive(|&byte| byte == b'\n') {
        let value = line.get(2..).unwrap_or_default().trim_ascii_end();
        match line {
            [b'F', b':', ..] => {
                directory = directory_at(value);
                waiting = line.to_vec();
            }
            [b'M', b':', ..] => waiting.extend_from_slice(line),
            [b'R', b':', ..] => {
                keeps = is_kept(&directory, value);
                if keeps {
                    out.append(&mut waiting);
                    out.extend_from_slice(line);
                    any = true;
                }
            }
            // The mode and the checksum follow the file that they describe.
            [b'a' | b'Z', b':', ..] if keeps => out.extend_from_slice(line),
            [b'a' | b'Z', b':', ..] => {}
            // Name, version, dependencies and so on describe the package.
            _ => out.extend_from_slice(line),
        }
    }
    if any { Some(out) } else { None }
}

/// The database without the packages that have no kept file.
pub(super) fn database(scan: &Scan<'_>, bytes: &[u8], is_kept: impl Fn(NameId) -> bool) -> Vec<u8> {
    let mut out = Vec::new();
    for paragraph in paragraphs(bytes) {
        let reduced = reduced(
            &paragraph,
            |path| directory(scan, path),
            |directory, name| {
                let entry = directory.and_then(|directory| scan.entry_in(directory, name));
                entry.is_some_and(&is_kept)
            },
        );
        if let Some(paragraph) = reduced {
            out.extend_from_slice(paragraph.trim_ascii_end());
            out.extend_from_slice(b"\n\n");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const MUSL: &[u8] = b"C:Q1x=\nP:musl\nV:1.2.5-r0\nA:x86_64\nL:MIT\no:musl\nF:lib\nM:0:0:755\n\
        R:libc.musl-x86_64.so.1\na:0:0:777\nZ:Q17y=\n\
        R:ld-musl-x86_64.so.1\na:0:0:755\nF:etc\nR:x\n";

    #[test]
    fn dependencies_of_a_package_are_limited() {
        let text = format!("P:a\nD:{}\n", "b ".repeat(2 * MAX_DEPENDS));
        let paragraph = Paragraph {
            bytes: text.as_bytes(),
        };
        assert_eq!(facts(&paragraph).depends.len(), MAX_DEPENDS);
    }

    #[test]
    fn a_reduced_apk_paragraph_lists_only_remaining_files() {
        let paragraph = Paragraph { bytes: MUSL };
        let reduced = reduced(&paragraph, <[u8]>::to_vec, |directory, name| {
            directory == b"lib" && name == b"ld-musl-x86_64.so.1"
        });
        let expected = "C:Q1x=\nP:musl\nV:1.2.5-r0\nA:x86_64\nL:MIT\no:musl\nF:lib\nM:0:0:755\n\
                        R:ld-musl-x86_64.so.1\na:0:0:755\n";
        assert_eq!(String::from_utf8(reduced.unwrap()).unwrap(), expected);
        let nothing = super::reduced(&paragraph, <[u8]>::to_vec, |_, _| false);
        assert_eq!(nothing, None);
    }
}
