//! Java archives: the properties that Maven stores in them, or else their manifest, and nested
//! archives.

use std::collections::BTreeMap;
use std::io::{Cursor, Read, Seek};

use zip::ZipArchive;

use super::{Ecosystem, Facts, Scan};
use crate::image::{NameId, ReadError};

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

pub(super) fn read(scan: &mut Scan<'_>, name: NameId) -> Result<(), ReadError> {
    let file_name = String::from_utf8_lossy(scan.tree().file_name(name)).into_owned();
    if !is_archive(&file_name) {
        return Ok(());
    }
    let Some(bytes) = scan.bytes(name)? else {
        return Ok(());
    };
    let mut reader = ArchiveReader {
        artifacts: BTreeMap::new(),
        inflatable: scan.inflatable,
    };
    let result = reader.read(Cursor::new(&*bytes), &file_name, 0);
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

impl ArchiveReader {
    fn read<R: Read + Seek>(
        &mut self,
        reader: R,
        file_name: &str,
        depth: usize,
    ) -> Result<(), zip::result::ZipError> {
        let mut archive = ZipArchive::new(reader)?;
        let names: Vec<String> = archive
            .file_names()
            .filter_map(|name| Some(name.ok()?.into_owned()))
            .collect();
        let (mut has_artifact, mut read) = (false, 0);
        for name in &names {
            // An archive with merged dependencies has such a file for each dependency.
            let is_artifact =
                name.starts_with("META-INF/maven/") && name.ends_with("/pom.properties");
            if is_artifact && read < MAX_ARTIFACTS {
                read += 1;
                let text = self.text(&mut archive, name)?;
                if let Some(artifact) = maven_artifact(&text) {
                    self.artifacts.entry(artifact).or_default();
                    has_artifact = true;
                }
            }
            // Spring Boot keeps dependencies as archives in `BOOT-INF/lib`.
            if is_archive(name) && depth < MAX_DEPTH {
                self.inner(&mut archive, name, depth)?;
            }
        }
        // The manifest has no group, so it is only used if there are no Maven properties.
        if !has_artifact && names.iter().any(|name| name == MANIFEST) {
            let text = self.text(&mut archive, MANIFEST)?;
            let (name, version, license) = manifest(&text, file_name);
            if !version.is_empty() {
                self.artifacts.insert((name, version), license);
            }
        }
        Ok(())
    }

    /// Reads an archive inside another.
    fn inner<R: Read + Seek>(
        &mut self,
        archive: &mut ZipArchive<R>,
        name: &str,
        depth: usize,
    ) -> Result<(), zip::result::ZipError> {
        let entry = archive.by_name(name)?;
        let size = entry.size();
        if size > MAX_INNER.min(self.inflatable) {
            return Ok(());
        }
        // The size in the archive's directory may be wrong; no more than that is read.
        let mut bytes = Vec::new();
        let inflated = entry.take(size).read_to_end(&mut bytes);
        self.inflatable -= bytes.len() as u64;
        inflated?;
        let file_name = name.rsplit('/').next().unwrap_or(name);
        // A broken nested archive does not affect the outer one.
        let _ = self.read(Cursor::new(bytes), file_name, depth + 1);
        Ok(())
    }

    fn text<R: Read + Seek>(
        &mut self,
        archive: &mut ZipArchive<R>,
        name: &str,
    ) -> Result<String, zip::result::ZipError> {
        let mut bytes = Vec::new();
        let limit = MAX_TEXT.min(self.inflatable);
        let inflated = archive.by_name(name)?.take(limit).read_to_end(&mut bytes);
        self.inflatable -= bytes.len() as u64;
        inflated?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

const MANIFEST: &str = "META-INF/MANIFEST.MF";

/// Returns the name and the version in a `pom.properties`, unless one is missing.
fn maven_artifact(text: &str) -> Option<(String, String)> {
    let (artifact, version) = (property(text, "artifactId"), property(text, "version"));
    if artifact.is_empty() || version.is_empty() {
        return None;
    }
    // OSV and purls join the group and the artifact with a colon.
    let name = match property(text, "groupId") {
        "" => artifact.to_owned(),
        group => format!("{group}:{artifact}"),
    };
    Some((name, version.to_owned()))
}

fn property<'a>(text: &'a str, key: &str) -> &'a str {
    let line = text.lines().find_map(|line| {
        line.trim()
            .strip_prefix(key)?
            .trim_start()
            .strip_prefix('=')
    });
    line.unwrap_or_default().trim()
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
        stem_version.to_owned()
    };
    let license = attribute(main, "Bundle-License");
    (stem_name.to_owned(), version, license)
}

/// Returns the value of a manifest attribute, unless it is empty.
fn attribute(section: &str, key: &str) -> Option<String> {
    let line = section
        .lines()
        .find_map(|line| line.strip_prefix(key)?.strip_prefix(": "));
    line.map(|value| value.trim().to_owned())
        .filter(|value| !value.is_empty())
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

    use super::*;

    fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in entries {
            writer
                .start_file(*name, zip::write::SimpleFileOptions::default())
                .unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    fn artifacts(bytes: &[u8], name: &str) -> Vec<(String, String)> {
        let mut reader = ArchiveReader {
            artifacts: BTreeMap::new(),
            inflatable: super::super::MAX_INFLATED,
        };
        reader.read(Cursor::new(bytes), name, 0).unwrap();
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
    fn a_file_name_tells_the_version_from_its_first_hyphen_before_a_digit() {
        assert_eq!(split_version("slf4j-api-2.0.13"), ("slf4j-api", "2.0.13"));
        assert_eq!(split_version("app"), ("app", ""));
    }
}
