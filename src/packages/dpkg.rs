//! Debian packages: dpkg's database, and `status.d` of images without dpkg.

use std::collections::{BTreeSet, HashMap};

use super::ecosystem::{Description, PurlName, Reader};
use super::fields::{Paragraph, paragraphs};
use super::{Ecosystem, Facts, MAX_DEPENDS, MAX_LICENSE, Order, Scan, text};
use crate::image::{NameId, ReadError};

pub(super) const STATUS: &[u8] = b"/var/lib/dpkg/status";
/// The records of distroless images: one file per package, with its `.md5sums` next to it.
pub(super) const STATUS_DIRECTORY: &[u8] = b"/var/lib/dpkg/status.d";
const INFO: &str = "/var/lib/dpkg/info/";
const DIVERSIONS: &[u8] = b"/var/lib/dpkg/diversions";
/// Maximum number of diversions; a large system has a few hundred.
const MAX_DIVERSIONS: usize = 100_000;

/// Described for the list of ecosystems.
pub(super) const ECOSYSTEM: Description = Description {
    read: Reader::Database(read),
    purl_type: "deb",
    purl_name: PurlName::OfVendor("debian"),
    order: Order::Debian,
    ..Description::USUAL
};

pub(super) fn read(scan: &mut Scan<'_>) -> Result<(), ReadError> {
    if let Some(status) = scan.file(STATUS)
        && let Some(bytes) = scan.text(status)?
    {
        let diversions = diversions(scan)?;
        for paragraph in paragraphs(&bytes).filter(is_installed) {
            // The files of a package are looked up before it is added.
            if scan.is_full(status) {
                break;
            }
            let facts = Facts {
                license: license(scan, &paragraph)?,
                ..facts(&paragraph)
            };
            let files = files(scan, &facts, &diversions, status)?;
            scan.add(Ecosystem::Deb, facts, status, files);
        }
    }
    // Bazel's rules for distroless images unpack packages without dpkg, and write these instead.
    for record in status_directory(scan) {
        let Some(bytes) = scan.text(record)? else {
            continue;
        };
        let Some(paragraph) = paragraphs(&bytes).next() else {
            continue;
        };
        let facts = Facts {
            license: license(scan, &paragraph)?,
            ..facts(&paragraph)
        };
        let sums = [scan.tree().path(record), b".md5sums".to_vec()].concat();
        let files = scan
            .own_text_at(&sums)?
            .map(|sums| summed(scan, &sums, record))
            .unwrap_or_default();
        scan.add(Ecosystem::Deb, facts, record, files);
    }
    Ok(())
}

/// Lists the records in `status.d`, one per package.
fn status_directory(scan: &Scan<'_>) -> Vec<NameId> {
    let tree = scan.tree();
    let Ok(directory) = tree.resolve(STATUS_DIRECTORY) else {
        return Vec::new();
    };
    tree.children(directory.name)
        .filter(|&name| !tree.file_name(name).ends_with(b".md5sums"))
        .collect()
}

/// Returns false for a removed package, which stays in the database as long as its configuration
/// files exist.
pub(super) fn is_installed(paragraph: &Paragraph<'_>) -> bool {
    // `Status` has three words: the wanted action, a flag, and the state.
    let state = paragraph
        .field("Status")
        .and_then(|status| status.rsplit(|&byte| byte == b' ').next());
    !matches!(state, Some(b"config-files" | b"not-installed"))
}

pub(super) fn facts(paragraph: &Paragraph<'_>) -> Facts {
    let name = paragraph.text("Package").unwrap_or_default();
    let version = paragraph.text("Version").unwrap_or_default();
    // `Source: glibc (2.36-9)` only contains the version if it differs from that of the binary
    // package, such as after a rebuild (`+b1`). The field is missing if the name is the same too.
    let source = paragraph
        .text("Source")
        .map(|source| match source.split_once(" (") {
            Some((name, rest)) => (name.to_owned(), rest.trim_end_matches(')').to_owned()),
            None => (source, version.clone()),
        });
    Facts {
        name,
        version,
        architecture: paragraph.text("Architecture"),
        source,
        broken: broken(paragraph),
        depends: depends(paragraph),
        ..Facts::default()
    }
}

/// The names in `Depends`: `a (>= 1), b:any | c` has three. Each alternative counts, since one of
/// them is installed.
fn depends(paragraph: &Paragraph<'_>) -> Vec<String> {
    let value = paragraph.field("Depends").unwrap_or_default();
    let mut names = Vec::new();
    for alternative in value.split(|byte| matches!(byte, b',' | b'|')) {
        let alternative = alternative.trim_ascii();
        let end = alternative
            .iter()
            .position(|byte| matches!(byte, b' ' | b':' | b'('));
        let name = &alternative[..end.unwrap_or(alternative.len())];
        if names.len() == MAX_DEPENDS {
            break;
        }
        if !name.is_empty() {
            names.push(text(name));
        }
    }
    names
}

/// Returns the state of a package whose installation did not finish, from the last two words of a
/// status such as `install ok unpacked`.
fn broken(paragraph: &Paragraph<'_>) -> Option<String> {
    let status = paragraph.text("Status")?;
    let mut words = status.split_whitespace().skip(1);
    let (flag, state) = (words.next()?, words.next()?);
    match (flag, state) {
        // dpkg's manual page uses the long name of the flag.
        ("reinstreq", _) => Some("reinst-required".to_owned()),
        (_, "installed") => None,
        (_, state) => Some(state.to_owned()),
    }
}

/// Returns the licenses in a machine-readable copyright file, without duplicates.
fn license(scan: &Scan<'_>, paragraph: &Paragraph<'_>) -> Result<Option<String>, ReadError> {
    let name = paragraph.text("Package").unwrap_or_default();
    let path = format!("/usr/share/doc/{name}/copyright");
    let Some(bytes) = scan.text_at(path.as_bytes())? else {
        return Ok(None);
    };
    // Other copyright files are prose, in which a line `License:` can be anything.
    if !bytes.starts_with(b"Format:") {
        return Ok(None);
    }
    let mut names = BTreeSet::new();
    let mut length = 0;
    for line in bytes.split(|&byte| byte == b'\n') {
        if let Some(name) = line.strip_prefix(b"License:") {
            let name = text(name);
            let added = name.len() + AND.len();
            // A text that is too long is left out as a whole, so the rest of it is not needed.
            if length <= MAX_LICENSE + AND.len() && names.insert(name) {
                length += added;
            }
        }
    }
    names.remove("");
    if names.is_empty() {
        return Ok(None);
    }
    // Each license covers some of the files, so the package is under all of them.
    Ok(Some(names.into_iter().collect::<Vec<_>>().join(AND)))
}

const AND: &str = " AND ";

/// Paths that dpkg-divert moved.
pub(super) type Diversions = HashMap<Vec<u8>, Diversion>;

/// The new path of a diverted file, for every package but one.
pub(super) struct Diversion {
    path: Vec<u8>,
    /// The package whose own file has the original path; `:` for none, after a diversion by the
    /// administrator.
    by: Vec<u8>,
}

/// Reads the database of dpkg-divert, which has three lines per path.
pub(super) fn diversions(scan: &Scan<'_>) -> Result<Diversions, ReadError> {
    let mut diversions = Diversions::new();
    let Some(name) = scan.file(DIVERSIONS) else {
        return Ok(diversions);
    };
    let Some(bytes) = scan.text(name)? else {
        return Ok(diversions);
    };
    let mut lines = bytes.split(|&byte| byte == b'\n');
    while let (Some(from), Some(path), Some(by)) = (lines.next(), lines.next(), lines.next()) {
        if diversions.len() == MAX_DIVERSIONS {
            // The files at the other paths are assigned to the wrong package.
            scan.budget.leave_out(name);
            break;
        }
        let (path, by) = (path.to_vec(), by.to_vec());
        diversions.insert(from.to_vec(), Diversion { path, by });
    }
    Ok(diversions)
}

/// Lists the files of a package that exist in the image.
pub(super) fn files(
    scan: &Scan<'_>,
    facts: &Facts,
    diversions: &Diversions,
    record: NameId,
) -> Result<Vec<NameId>, ReadError> {
    let Some(list) = info(scan, facts, "list")? else {
        return Ok(Vec::new());
    };
    let lines = list
        .split(|&byte| byte == b'\n')
        .filter(|path| path.starts_with(b"/"));
    let mut paths = Vec::new();
    for path in scan.listed(record, lines) {
        // The list contains the original path, at which there may now be a file from another
        // package.
        paths.push(match diversions.get(path) {
            Some(diversion) if diversion.by != facts.name.as_bytes() => diversion.path.as_slice(),
            _ => path,
        });
    }
    Ok(scan.entries(&paths))
}

/// Reads a file about a package in dpkg's `info` directory.
pub(super) fn info<'a>(
    scan: &Scan<'a>,
    facts: &Facts,
    kind: &str,
) -> Result<Option<crate::image::Bytes<'a>>, ReadError> {
    let architecture = facts.architecture.as_deref().unwrap_or_default();
    // The name includes the architecture for packages that are `Multi-Arch: same`, which can be
    // installed for several.
    let with_architecture = format!("{INFO}{}:{architecture}.{kind}", facts.name);
    match scan.own_text_at(format!("{INFO}{}.{kind}", facts.name).as_bytes())? {
        None => scan.own_text_at(with_architecture.as_bytes()),
        bytes => Ok(bytes),
    }
}

/// Lists the files in lines such as `900150983cd24fb0d6963f7d28e17f72  usr/bin/x`.
fn summed(scan: &Scan<'_>, sums: &[u8], record: NameId) -> Vec<NameId> {
    let paths = sums.split(|&byte| byte == b'\n').filter_map(sum_path);
    let mut files = Vec::new();
    for path in scan.listed(record, paths) {
        files.extend(scan.entry(path));
    }
    files
}

/// Returns the path of such a line.
pub(super) fn sum_path(line: &[u8]) -> Option<&[u8]> {
    // An MD5 sum has 32 hexadecimal digits.
    line.get(32..)?
        .strip_prefix(b"  ")
        .filter(|path| !path.is_empty())
}
