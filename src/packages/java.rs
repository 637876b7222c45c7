//! Java archives: the properties that Maven stores in them, or else their manifest, and nested
//! archives.

use std::collections::BTreeMap;
use std::io::{self, Read as _};

use flate2::bufread::DeflateDecoder;
use rawzip::{CompressionMethod, ZipArchive, ZipArchiveEntryWayfinder, ZipSliceArchive};

use super::ecosystem::{Description, PurlName, Reader};
use super::{Ecosystem, Facts, Order, Scan, license_text, text};
use crate::image::{NameId, ReadError};
use crate::paths::file_name;

/// Extensions of Java archives; `.hpi` is a Jenkins plugin.
const ENDINGS: [&str; 4] = [".jar", ".war", ".ear", ".hpi"];
/// Largest properties or manifest, in bytes.
const MAX_TEXT: u64 = 1 << 20;
/// Largest archive inside another, in bytes: it is decompressed into memory.
const MAX_INNER: u64 = 64 << 20;
/// Maximum nesting of archives. An `.ear` with a `.war` with a `.jar` has two levels.
const MAX_DEPTH: usize = 3;
/// Maximum number of artifacts in an archive; an archive with all dependencies merged has a few
/// hundred.
const MAX_ARTIFACTS: usize = 4096;

/// Described for the list of ecosystems.
pub(super) const ECOSYSTEM: Description = Description {
    read: Reader::Content(read),
    purl_type: "maven",
    purl_name: PurlName::SplitAt(':'),
    order: Order::Maven,
    // The suffix after the colon is a repository, which an archive does not record.
    osv: Some("Maven"),
    ..Description::USUAL
};

pub(super) fn read(scan: &mut Scan<'_>, name: NameId) -> Result<(), ReadError> {
    let file_name = String::from_utf8_lossy(scan.tree().file_name(name)).into_owned();
    if !is_archive(&file_name) {
        return Ok(());
    }
    let Some(bytes) = scan.archive(name)? else {
        return Ok(());
    };
    let mut reader = ArchiveReader {
        artifacts: BTreeMap::new(),
        inflatable: scan.inflatable,
    };
    let result = reader.read(&bytes, &file_name, 0);
    scan.inflatable = reader.inflatable;
    // Artifacts that were found before the error are still added.
    if let Err(error) = result {
        scan.note(name, format!("invalid archive: {error}"));
    }
    if reader.inflatable == 0 {
        let text = "archives exceed the decompression limit: not all of them were read";
        scan.note(name, text);
    }
    for ((artifact, version), license) in reader.artifacts {
        let facts = Facts {
            name: artifact,
            version,
            license,
            ..Facts::default()
        };
        scan.add(Ecosystem::Maven, facts, name, vec![name]);
    }
    Ok(())
}

fn is_archive(name: &str) -> bool {
    ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// Names and versions, with the license if it is known.
type Artifacts = BTreeMap<(String, String), Option<String>>;

/// Reads an archive and the archives inside it.
struct ArchiveReader {
    artifacts: Artifacts,
    /// Remaining budget for decompressed bytes of the image's archives.
    inflatable: u64,
}

/// An entry that is read.
#[derive(Clone, Copy)]
struct Entry {
    place: ZipArchiveEntryWayfinder,
    method: CompressionMethod,
}

#[derive(Debug, thiserror::Error)]
enum ArchiveError {
    #[error(transparent)]
    Zip(#[from] rawzip::Error),
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl ArchiveReader {
    fn read(&mut self, bytes: &[u8], file_name: &str, depth: usize) -> Result<(), ArchiveError> {
        let archive = ZipArchive::from_slice(bytes)?;
        let mut entries = archive.entries();
        let (mut has_artifact, mut read, mut manifest_entry) = (false, 0, None);
        while let Some(header) = entries.next_entry()? {
            let path = header.file_path();
            let Ok(name) = str::from_utf8(path.as_ref()) else {
                continue;
            };
            let entry = Entry {
                place: header.wayfinder(),
                method: header.compression_method(),
            };
            // An archive with merged dependencies has one such file for each.
            let is_artifact =
                name.starts_with("META-INF/maven/") && name.ends_with("/pom.properties");
            if is_artifact && read < MAX_ARTIFACTS {
                read += 1;
                let text = self.text(&archive, entry)?;
                if let Some(artifact) = maven_artifact(&text) {
                    self.artifacts.entry(artifact).or_default();
                    has_artifact = true;
                }
            }
            // Spring Boot keeps dependencies as archives in `BOOT-INF/lib`.
            if is_archive(name) && depth < MAX_DEPTH {
                self.inner(&archive, entry, name, depth)?;
            }
            if name == MANIFEST {
                manifest_entry = Some(entry);
            }
        }
        // The manifest has no group, so it is only used if Maven's properties are missing.
        if let Some(entry) = manifest_entry
            && !has_artifact
        {
            let text = self.text(&archive, entry)?;
            let (name, version, license) = manifest(&text, file_name);
            if !version.is_empty() {
                self.artifacts.insert((name, version), license);
            }
        }
        Ok(())
    }

    /// Reads an archive inside another.
    fn inner(
        &mut self,
        archive: &ZipSliceArchive<&[u8]>,
        entry: Entry,
        name: &str,
        depth: usize,
    ) -> Result<(), ArchiveError> {
        let size = entry.place.uncompressed_size_hint();
        if size > MAX_INNER.min(self.inflatable) {
            return Ok(());
        }
        // The size in the archive's directory may be wrong; at most that many bytes are read.
        let bytes = self.inflate(archive, entry, size)?;
        let file_name = file_name(name);
        // A broken nested archive does not make the outer one invalid.
        let _ = self.read(&bytes, file_name, depth + 1);
        Ok(())
    }

    fn text(
        &mut self,
        archive: &ZipSliceArchive<&[u8]>,
        entry: Entry,
    ) -> Result<String, ArchiveError> {
        let bytes = self.inflate(archive, entry, MAX_TEXT.min(self.inflatable))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Decompresses an entry, up to a limit. If the end is reached, the length and the CRC from the
    /// directory of the archive are verified.
    fn inflate(
        &mut self,
        archive: &ZipSliceArchive<&[u8]>,
        Entry { place, method }: Entry,
        limit: u64,
    ) -> Result<Vec<u8>, ArchiveError> {
        let entry = archive.get_entry(place)?;
        let data = entry.data();
        let mut bytes = Vec::new();
        let inflated = match method {
            CompressionMethod::STORE => entry
                .verifying_reader(data)
                .take(limit)
                .read_to_end(&mut bytes),
            CompressionMethod::DEFLATE => entry
                .verifying_reader(DeflateDecoder::new(data))
                .take(limit)
                .read_to_end(&mut bytes),
            // Java reads no other compression methods.
            _ => Err(io::Error::other("unsupported compression method")),
        };
        // The bytes of a broken entry count as well.
        self.inflatable -= bytes.len() as u64;
        inflated?;
        Ok(bytes)
    }
}

const MANIFEST: &str = "META-INF/MANIFEST.MF";

/// Returns the name and the version in a `pom.properties`, unless one is missing.
fn maven_artifact(properties: &str) -> Option<(String, String)> {
    let artifact = property(properties, "artifactId");
    let version = property(properties, "version");
    if artifact.is_empty() || version.is_empty() {
        return None;
    }
    // OSV and purls join the group and the artifact with a colon.
    let group = property(properties, "groupId");
    if group.is_empty() {
        return Some((artifact, version));
    }
    Some((format!("{group}:{artifact}"), version))
}

fn property(properties: &str, key: &str) -> String {
    let line = properties.lines().find_map(|line| {
        line.trim()
            .strip_prefix(key)?
            .trim_start()
            .strip_prefix('=')
    });
    text(line.unwrap_or_default().as_bytes())
}

/// Returns the name, the version and the license from a manifest and the name of the file.
fn manifest(text: &str, file_name: &str) -> (String, String, Option<String>) {
    // A manifest has lines of at most 72 bytes; one that begins with a space continues the previous
    // line.
    let text = text.replace("\r\n", "\n").replace("\n ", "");
    // Sections after the first empty line describe individual entries of the archive.
    let main = text.split("\n\n").next().unwrap_or_default();
    let stem = ENDINGS
        .iter()
        .find_map(|ending| file_name.strip_suffix(ending))
        .unwrap_or(file_name);
    // The file name takes precedence: almost all are `ARTIFACT-VERSION.jar`, and the manifest often
    // describes a specification or a product.
    let (stem_name, stem_version) = split_version(stem);
    let version = [
        "Implementation-Version",
        "Bundle-Version",
        "Specification-Version",
    ]
    .into_iter()
    .find_map(|key| attribute(main, key));
    let version = if stem_version.is_empty() {
        version.unwrap_or_default()
    } else {
        stem_version
    };
    let license = attribute(main, "Bundle-License").map(|license| license_text(license.as_bytes()));
    (
        self::text(stem_name.as_bytes()),
        self::text(version.as_bytes()),
        license,
    )
}

/// Returns the value of a manifest attribute, unless it is empty.
fn attribute<'a>(section: &'a str, key: &str) -> Option<&'a str> {
    let line = section
        .lines()
        .find_map(|line| line.strip_prefix(key)?.strip_prefix(": "));
    line.map(str::trim).filter(|value| !value.is_empty())
}

/// Splits `slf4j-api-2.0.13` into a name and a version, which begins with a digit.
fn split_version(stem: &str) -> (&str, &str) {
    for (at, _) in stem.match_indices('-') {
        let version = &stem[at + 1..];
        if version.starts_with(|first: char| first.is_ascii_digit()) {
            return (&stem[..at], version);
        }
    }
    (stem, "")
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::DeflateEncoder;
    use rawzip::ZipArchiveWriter;

    use super::*;

    fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let mut archive = ZipArchiveWriter::new(Vec::new());
        for (name, bytes) in entries {
            let (mut entry, config) = archive
                .new_file(name)
                .compression_method(CompressionMethod::DEFLATE)
                .start()
                .unwrap();
            let encoder = DeflateEncoder::new(&mut entry, Compression::default());
            let mut writer = config.wrap(encoder);
            writer.write_all(bytes).unwrap();
            let (encoder, descriptor) = writer.finish().unwrap();
            encoder.finish().unwrap();
            entry.finish(descriptor).unwrap();
        }
        archive.finish().unwrap()
    }

    fn artifacts(bytes: &[u8], name: &str) -> Vec<(String, String)> {
        let mut reader = ArchiveReader {
            artifacts: BTreeMap::new(),
            inflatable: super::super::MAX_INFLATED,
        };
        reader.read(bytes, name, 0).unwrap();
        reader.artifacts.into_keys().collect()
    }

    #[test]
    fn archives_inside_archives_are_read() {
        let inner = archive(&[(
            "META-INF/maven/g/a/pom.properties",
            b"#x\nversion=1.2\ngroupId = g\nartifactId=a\n",
        )]);
        let manifest =
            b"Manifest-Version: 1.0\r\nImplementation-Version: 3\r\n .0\r\n\r\nName: x\r\n";
        let outer = archive(&[
            ("BOOT-INF/lib/a.jar", &inner),
            (MANIFEST, manifest),
            ("BOOT-INF/lib/b.jar", b"broken"),
        ]);
        let expected = [
            ("app".to_owned(), "3.0".to_owned()),
            ("g:a".to_owned(), "1.2".to_owned()),
        ];
        assert_eq!(artifacts(&outer, "app.jar"), expected);
    }

    #[test]
    fn a_wrong_checksum_is_an_error() {
        const PROPERTIES: &str = "META-INF/maven/g/a/pom.properties";
        let mut bytes = archive(&[(PROPERTIES, b"version=1\nartifactId=a\n")]);
        // The signature of an entry in the directory; its CRC is 16 bytes further.
        let entry = bytes.windows(4).position(|four| four == b"PK\x01\x02");
        bytes[entry.unwrap() + 16] ^= 1;
        let mut reader = ArchiveReader {
            artifacts: BTreeMap::new(),
            inflatable: super::super::MAX_INFLATED,
        };
        assert!(reader.read(&bytes, "a.jar", 0).is_err());
        assert!(reader.artifacts.is_empty());
    }

    #[test]
    fn the_version_of_a_jar_starts_at_the_first_hyphen_before_a_digit() {
        assert_eq!(split_version("slf4j-api-2.0.13"), ("slf4j-api", "2.0.13"));
        assert_eq!(split_version("app"), ("app", ""));
    }
}
