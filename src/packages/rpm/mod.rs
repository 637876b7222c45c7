//! rpm's packages: its database as SQLite, as Berkeley DB or in rpm's own format, and the manifest
//! of images without.

mod berkeley;
mod header;
mod ndb;
mod sqlite;

use std::collections::{HashMap, HashSet};

use super::{Ecosystem, Facts, Found};
use crate::image::{NameId, ReadError};

use header::Header;

/// Where databases are, the newest place first; each is often a link to another.
const FOLDERS: [&str; 3] = ["/usr/lib/sysimage/rpm", "/var/lib/rpm", "/usr/share/rpm"];
/// What distributions without rpm in their images leave: `rpm -qa`, with tabs.
pub(super) const MANIFEST: &[u8] = b"/var/lib/rpmmanifest/container-manifest-2";

/// Why a database gives nothing, or not everything.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum Damage {
    #[error("it does not begin as such a file does")]
    Magic,
    #[error("it ends too early, or points outside of itself")]
    Outside,
    #[error("its pages lead in a circle")]
    Circle,
    #[error("it has no table of packages")]
    NoTable,
}

/// What calls of a database get: the headers of packages, and what kept it from giving more.
type Headers = (Vec<Vec<u8>>, Option<Damage>);

/// A kind of database: the name of its file, and how it is read.
type Kind = (&'static str, fn(&[u8]) -> Headers);

const KINDS: [Kind; 3] = [
    ("rpmdb.sqlite", sqlite::headers),
    ("Packages.db", ndb::headers),
    ("Packages", berkeley::headers),
];

pub(super) fn read(found: &mut Found<'_>) -> Result<(), ReadError> {
    let mut seen: Vec<NameId> = Vec::new();
    for folder in FOLDERS {
        for (file, headers) in KINDS {
            let path = format!("{folder}/{file}");
            let Some(database) = found
                .file(path.as_bytes())
                .filter(|name| !seen.contains(name))
            else {
                continue;
            };
            seen.push(database);
            let log = found.text_at(format!("{path}-wal").as_bytes())?;
            if log.is_some_and(|log| !log.is_empty()) {
                found.note(database, "what its write-ahead log has is not read");
            }
            if let Some(bytes) = found.bytes(database)? {
                database_of(found, database, headers(&bytes));
            }
        }
    }
    manifest(found)
}

fn database_of(found: &mut Found<'_>, database: NameId, (headers, damage): Headers) {
    if let Some(damage) = damage {
        found.note(
            database,
            format!("a database that cannot be read: {damage}"),
        );
    }
    for blob in headers {
        let Some(header) = Header::parse(&blob) else {
            found.note(database, "the header of a package in it cannot be read");
            continue;
        };
        if !is_package(&header) {
            continue;
        }
        let files = files(found, &header);
        found.add(Ecosystem::Rpm, facts(&header), database, files);
    }
}

/// Whether a header is that of a package: keys that signatures are checked with are in the database
/// as if they were packages, and what has no name cannot be one.
fn is_package(header: &Header<'_>) -> bool {
    let name = header.text(header::NAME).unwrap_or_default();
    !name.is_empty() && name != "gpg-pubkey"
}

/// The entries of a package, without directories. A name that another directory of the package
/// begins with counts as a directory even if it is a symlink in the image, as `/lib` often is.
fn files(found: &Found<'_>, header: &Header<'_>) -> Vec<NameId> {
    let paths: Vec<&[u8]> = header.directories().collect();
    let entries: Vec<Option<NameId>> = paths.iter().map(|path| found.directory(path)).collect();
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
    for (row, name) in header.names() {
        let Some(Some(directory)) = entries.get(row) else {
            continue;
        };
        if !parents.contains(&(rows[paths[row]], name)) {
            files.extend(found.entry_in(*directory, name));
        }
    }
    files
}

fn facts(header: &Header<'_>) -> Facts {
    let text = |tag| header.text(tag).unwrap_or_default();
    let epoch = header.number(header::EPOCH).map(|epoch| epoch.to_string());
    Facts {
        name: text(header::NAME),
        version: version(
            epoch.as_deref(),
            &text(header::VERSION),
            &text(header::RELEASE),
        ),
        architecture: header.text(header::ARCHITECTURE),
        source: header
            .text(header::SOURCE)
            .and_then(|source| split_source(&source)),
        license: header.text(header::LICENCE),
        broken: None,
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

/// `bash-5.2.26-3.fc40.src.rpm` is a name, a version and a release.
fn split_source(file: &str) -> Option<(String, String)> {
    let stem = file
        .strip_suffix(".src.rpm")
        .or(file.strip_suffix(".nosrc.rpm"))?;
    let (rest, release) = stem.rsplit_once('-')?;
    let (name, version) = rest.rsplit_once('-')?;
    Some((name.to_owned(), format!("{version}-{release}")))
}

/// Lines of name, version with release, times of installation and build, vendor, epoch, size,
/// architecture, epoch as a number, and source.
fn manifest(found: &mut Found<'_>) -> Result<(), ReadError> {
    let Some(record) = found.file(MANIFEST) else {
        return Ok(());
    };
    let Some(bytes) = found.text(record)? else {
        return Ok(());
    };
    for line in String::from_utf8_lossy(&bytes).lines() {
        let fields: Vec<&str> = line.split('\t').collect();
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
            ..,
        ] = fields[..]
        else {
            continue;
        };
        let epoch = Some(epoch)
            .filter(|epoch| *epoch != "(none)")
            .map(str::to_owned);
        let facts = Facts {
            name: name.to_owned(),
            version: version(epoch.as_deref(), full_version, ""),
            architecture: Some(architecture)
                .filter(|name| *name != "(none)")
                .map(str::to_owned),
            source: split_source(source),
            license: None,
            broken: None,
            epoch,
        };
        found.add(Ecosystem::Rpm, facts, record, Vec::new());
    }
    Ok(())
}

/// The line of such a manifest for each package of a database whose files are kept; sorted.
pub(super) fn manifest_lines(
    found: &Found<'_>,
    database: NameId,
    is_kept: impl Fn(NameId) -> bool,
) -> Result<Vec<String>, ReadError> {
    let file_name = found.tree().file_name(database);
    let kind = KINDS.iter().find(|(name, _)| name.as_bytes() == file_name);
    let (Some((_, headers)), Some(bytes)) = (kind, found.bytes(database)?) else {
        return Ok(Vec::new());
    };
    let (blobs, _) = headers(&bytes);
    let mut lines = Vec::new();
    for header in blobs.iter().filter_map(|blob| Header::parse(blob)) {
        if is_package(&header) && files(found, &header).into_iter().any(&is_kept) {
            lines.push(manifest_line(&header));
        }
    }
    lines.sort();
    Ok(lines)
}

fn manifest_line(header: &Header<'_>) -> String {
    let text = |tag| {
        header
            .text(tag)
            .unwrap_or_else(|| "(none)".to_owned())
            .replace(['\t', '\n'], " ")
    };
    let number = |tag| {
        header
            .number(tag)
            .map_or_else(|| "(none)".to_owned(), |number| number.to_string())
    };
    let fields = [
        text(header::NAME),
        format!("{}-{}", text(header::VERSION), text(header::RELEASE)),
        number(header::INSTALLED),
        number(header::BUILT),
        text(header::VENDOR),
        number(header::EPOCH),
        // Syft 1.x takes the size for the epoch where there is one; the size says nothing of what
        // is left anyway.
        number(if header.number(header::EPOCH).is_some() {
            header::EPOCH
        } else {
            header::SIZE
        }),
        text(header::ARCHITECTURE),
        header.number(header::EPOCH).unwrap_or(0).to_string(),
        text(header::SOURCE),
    ];
    fields.join("\t")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_has_hyphens_before_its_version_and_its_release() {
        let expected = Some(("gcc-c-x".to_owned(), "14.1-2.fc40".to_owned()));
        assert_eq!(split_source("gcc-c-x-14.1-2.fc40.src.rpm"), expected);
        assert_eq!(split_source("(none)"), None);
    }
}
