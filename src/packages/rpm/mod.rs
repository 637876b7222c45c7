//! RPM packages: rpm's database in SQLite, in Berkeley DB or in rpm's own format, and the manifest
//! of images without rpm.

mod berkeley;
mod header;
mod ndb;
mod sqlite;

use std::collections::{HashMap, HashSet};

use super::ecosystem::{Description, PurlName, Reader};
use super::{Ecosystem, Facts, Order, Scan, text};
use crate::image::{NameId, ReadError};

use header::Header;

/// Directories of the database: current Fedora and openSUSE, older releases, and rpm-ostree. Each
/// is often a symlink to another.
const DIRECTORIES: [&str; 3] = ["/usr/lib/sysimage/rpm", "/var/lib/rpm", "/usr/share/rpm"];
/// The manifest of Azure Linux's distroless images: the output of `rpm -qa`, separated by tabs.
pub(super) const MANIFEST: &[u8] = b"/var/lib/rpmmanifest/container-manifest-2";

/// The reason why a database could not be read, or could only be read in part.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum Damage {
    #[error("unrecognized file format")]
    Magic,
    #[error("it is truncated or refers to bytes outside the file")]
    Outside,
    #[error("its pages form a cycle")]
    Cycle,
    #[error("it has no `Packages` table")]
    NoTable,
}

/// Receives the package headers of a database, one after another: together they may be as long as
/// the database.
type Sink<'s> = &'s mut dyn FnMut(&[u8]);

/// A kind of database: the name of its file, and the function that reads it up to its end or the
/// first damage.
type Kind = (&'static str, fn(&[u8], Sink<'_>) -> Result<(), Damage>);

/// The headers that a database may still have. All entries of a hostile file can refer to the same
/// bytes.
struct Remaining {
    bytes: usize,
}

impl Remaining {
    /// The least number of bytes that a header counts for: those of a header with one tag, without
    /// its value. Millions of empty ones would take time too.
    const SMALLEST: usize = 24;

    fn of(file: &[u8]) -> Self {
        Self { bytes: file.len() }
    }

    fn take(&mut self, header: usize) -> Result<(), Damage> {
        let left = self.bytes.checked_sub(header.max(Self::SMALLEST));
        self.bytes = left.ok_or(Damage::Cycle)?;
        Ok(())
    }
}

const KINDS: [Kind; 3] = [
    ("rpmdb.sqlite", sqlite::headers),
    ("Packages.db", ndb::headers),
    ("Packages", berkeley::headers),
];

/// Maximum number of directories of a package; the largest have some thousands.
const MAX_DIRECTORIES: usize = 100_000;

/// Described for the list of ecosystems.
pub(super) const ECOSYSTEM: Description = Description {
    read: Reader::Database(read),
    purl_type: "rpm",
    purl_name: PurlName::OfVendor("redhat"),
    order: Order::Rpm,
    ..Description::USUAL
};

pub(super) fn read(scan: &mut Scan<'_>) -> Result<(), ReadError> {
    let mut seen: Vec<NameId> = Vec::new();
    for directory in DIRECTORIES {
        for (file, headers) in KINDS {
            let path = format!("{directory}/{file}");
            let Some(database) = scan
                .file(path.as_bytes())
                .filter(|name| !seen.contains(name))
            else {
                continue;
            };
            seen.push(database);
            // SQLite would apply a non-empty log when it opens the database.
            let log = scan.text_at(format!("{path}-wal").as_bytes())?;
            if log.is_some_and(|log| !log.is_empty()) {
                scan.note(database, "changes in its write-ahead log were not read");
            }
            if let Some(bytes) = scan.database(database)? {
                let result = headers(&bytes, &mut |blob| package(scan, database, blob));
                // The headers before the damage count.
                if let Err(damage) = result {
                    scan.note(database, format!("invalid rpm database: {damage}"));
                }
            }
        }
    }
    manifest(scan)
}

/// Adds the package of a header.
fn package(scan: &mut Scan<'_>, database: NameId, blob: &[u8]) {
    // The files of a package are looked up before it is added.
    if scan.is_full(database) {
        return;
    }
    let Some(header) = Header::parse(blob) else {
        return scan.note(database, "invalid package header");
    };
    if is_package(&header) {
        let files = files(scan, &header, database);
        scan.add(Ecosystem::Rpm, facts(&header), database, files);
    }
}

/// Whether a header is that of a package: signing keys are stored in the database as if they were
/// packages, and a package must have a name.
fn is_package(header: &Header<'_>) -> bool {
    let name = header.text(header::NAME).unwrap_or_default();
    !name.is_empty() && name != "gpg-pubkey"
}

/// The entries of a package, without directories. A name that is the parent of another directory of
/// the package counts as a directory even if it is a symlink in the image, such as `/lib`.
fn files(scan: &Scan<'_>, header: &Header<'_>, database: NameId) -> Vec<NameId> {
    let directories = header.directories().take(MAX_DIRECTORIES);
    let paths: Vec<&[u8]> = scan.listed(database, directories).collect();
    if paths.len() == MAX_DIRECTORIES {
        scan.budget.leave_out(database);
    }
    let entries: Vec<Option<NameId>> = paths.iter().map(|path| scan.directory(path)).collect();
    let mut rows: HashMap<&[u8], usize> = HashMap::new();
    for (row, path) in paths.iter().enumerate() {
        rows.entry(path).or_insert(row);
    }
    let mut parents: HashSet<(usize, &[u8])> = HashSet::new();
    for path in &paths {
        let path = path.strip_suffix(b"/").unwrap_or(path);
        let Some(slash) = memchr::memrchr(b'/', path) else {
            continue;
        };
        if let Some(&row) = rows.get(&path[..=slash]) {
            parents.insert((row, &path[slash + 1..]));
        }
    }
    let mut files = Vec::new();
    for (row, name) in scan.listed(database, header.names()) {
        let Some(Some(directory)) = entries.get(row) else {
            continue;
        };
        if !parents.contains(&(rows[paths[row]], name)) {
            files.extend(scan.entry_in(*directory, name));
        }
    }
    files
}

fn facts(header: &Header<'_>) -> Facts {
    let epoch = header.number(header::EPOCH).map(|epoch| epoch.to_string());
    Facts {
        name: header.text(header::NAME).unwrap_or_default(),
        version: version(
            epoch.as_deref(),
            &header.text(header::VERSION).unwrap_or_default(),
            &header.text(header::RELEASE).unwrap_or_default(),
        ),
        architecture: header.text(header::ARCHITECTURE),
        source: header
            .text(header::SOURCE)
            .and_then(|source| split_source(&source)),
        license: header.text(header::LICENSE),
        broken: None,
        depends: Vec::new(),
        epoch,
    }
}

fn version(epoch: Option<&str>, version: &str, release: &str) -> String {
    let epoch = epoch.map(|epoch| format!("{epoch}:")).unwrap_or_default();
    let release = if release.is_empty() {
        String::new()
    } else {
        format!("-{release}")
    };
    format!("{epoch}{version}{release}")
}

/// Splits `bash-5.2.26-3.fc40.src.rpm` into a name, and a version with its release.
fn split_source(file: &str) -> Option<(String, String)> {
    // Neither the version nor the release can contain a hyphen.
    let stem = file
        .strip_suffix(".src.rpm")
        .or(file.strip_suffix(".nosrc.rpm"))?;
    let (rest, release) = stem.rsplit_once('-')?;
    let (name, version) = rest.rsplit_once('-')?;
    Some((name.to_owned(), format!("{version}-{release}")))
}

/// Reads the manifest: lines with name, version and release, installation and build time, vendor,
/// epoch, size, architecture, numeric epoch, and source.
fn manifest(scan: &mut Scan<'_>) -> Result<(), ReadError> {
    let Some(record) = scan.file(MANIFEST) else {
        return Ok(());
    };
    let Some(bytes) = scan.text(record)? else {
        return Ok(());
    };
    for line in bytes.split(|&byte| byte == b'\n') {
        // A line may have any number of further fields.
        let fields: Vec<&[u8]> = line.split(|&byte| byte == b'\t').take(10).collect();
        let [
            name,
            full_version,
            _,
            _,
            _,
            epoch,
            _,
            architecture,
            _,
            source,
        ] = fields[..]
        else {
            continue;
        };
        let epoch = known(epoch);
        let facts = Facts {
            name: text(name),
            version: version(epoch.as_deref(), &text(full_version), ""),
            architecture: known(architecture),
            source: split_source(&text(source)),
            license: None,
            broken: None,
            depends: Vec::new(),
            epoch,
        };
        scan.add(Ecosystem::Rpm, facts, record, Vec::new());
    }
    Ok(())
}

/// Returns a field of the manifest, unless it is `(none)`, rpm's text for an unset tag.
fn known(field: &[u8]) -> Option<String> {
    if field == NONE.as_bytes() {
        return None;
    }
    Some(text(field))
}

const NONE: &str = "(none)";

/// Returns sorted manifest lines for the packages in a database that have kept files.
pub(super) fn manifest_lines(
    scan: &Scan<'_>,
    database: NameId,
    is_kept: impl Fn(NameId) -> bool,
) -> Result<Vec<String>, ReadError> {
    let file_name = scan.tree().file_name(database);
    let kind = KINDS.iter().find(|(name, _)| name.as_bytes() == file_name);
    let (Some((_, headers)), Some(bytes)) = (kind, scan.database(database)?) else {
        return Ok(Vec::new());
    };
    let mut lines = Vec::new();
    // Damage was reported when the packages were read.
    let _ = headers(&bytes, &mut |blob| {
        if let Some(header) = Header::parse(blob)
            && is_package(&header)
            && files(scan, &header, database).into_iter().any(&is_kept)
        {
            let line = manifest_line(&header);
            if scan.budget.take_fields(line.len()) {
                lines.push(line);
            }
        }
    });
    lines.sort();
    Ok(lines)
}

fn manifest_line(header: &Header<'_>) -> String {
    let version = text_field(header, header::VERSION);
    let release = text_field(header, header::RELEASE);
    let fields = [
        text_field(header, header::NAME),
        format!("{version}-{release}"),
        number_field(header, header::INSTALLED),
        number_field(header, header::BUILT),
        text_field(header, header::VENDOR),
        number_field(header, header::EPOCH),
        // Syft 1.x treats the size as the epoch if there is one. The size no longer matches the
        // remaining files anyway.
        number_field(
            header,
            if header.number(header::EPOCH).is_some() {
                header::EPOCH
            } else {
                header::SIZE
            },
        ),
        text_field(header, header::ARCHITECTURE),
        header.number(header::EPOCH).unwrap_or(0).to_string(),
        text_field(header, header::SOURCE),
    ];
    fields.join("\t")
}

/// Formats a text for the manifest; it must not contain separators.
fn text_field(header: &Header<'_>, tag: u32) -> String {
    match header.text(tag) {
        Some(text) => text.replace(['\t', '\n'], " "),
        None => NONE.to_owned(),
    }
}

fn number_field(header: &Header<'_>, tag: u32) -> String {
    match header.number(tag) {
        Some(number) => number.to_string(),
        None => NONE.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The headers that a function reads from a file.
    pub(super) fn collected(
        headers: fn(&[u8], Sink<'_>) -> Result<(), Damage>,
        file: &[u8],
    ) -> (Vec<Vec<u8>>, Result<(), Damage>) {
        let mut blobs = Vec::new();
        let result = headers(file, &mut |blob| blobs.push(blob.to_vec()));
        (blobs, result)
    }

    #[test]
    fn a_source_rpm_name_is_split_at_its_last_two_hyphens() {
        let expected = Some(("gcc-c-x".to_owned(), "14.1-2.fc40".to_owned()));
        assert_eq!(split_source("gcc-c-x-14.1-2.fc40.src.rpm"), expected);
        assert_eq!(split_source("(none)"), None);
    }
}
