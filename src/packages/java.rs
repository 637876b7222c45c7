//! Java's archives: what Maven leaves in them, or their manifest; and the archives inside them.

use std::collections::BTreeMap;
use std::io::{Cursor, Read, Seek};

use zip::ZipArchive;

use super::{Ecosystem, Facts, Found};
use crate::image::{NameId, ReadError};

const ENDINGS: [&str; 4] = [".jar", ".war", ".ear", ".hpi"];
/// Properties and manifests larger than this are nobody's.
const MAX_TEXT: u64 = 1 << 20;
/// Bytes of an archive inside another that is looked at.
const MAX_INNER: u64 = 64 << 20;
const MAX_DEPTH: usize = 3;
/// So many artifacts are looked for in one archive.
const MAX_ARTIFACTS: usize = 4096;

pub(super) fn read(found: &mut Found<'_>, name: NameId) -> Result<(), ReadError> {
    let file_name = String::from_utf8_lossy(found.tree().file_name(name)).into_owned();
    if !is_archive(&file_name) {
        return Ok(());
    }
    let Some(bytes) = found.bytes(name)? else {
        return Ok(());
    };
    let mut artifacts = BTreeMap::new();
    let mut left = found.inflatable;
    let result = look(
        Cursor::new(&*bytes),
        &file_name,
        &mut artifacts,
        &mut left,
        0,
    );
    found.inflatable = left;
    if let Err(error) = result {
        found.note(name, format!("it cannot be read as an archive: {error}"));
    }
    if left == 0 {
        let text = "the archives of the image inflate to too much: not all is read";
        found.note(name, text);
    }
    for ((artifact, version), license) in artifacts {
        let facts = Facts {
            name: artifact,
            version,
            license,
            ..Facts::default()
        };
        found.add(Ecosystem::Maven, facts, name, vec![name]);
    }
    Ok(())
}

fn is_archive(name: &str) -> bool {
    ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// Names and versions, with their license where it is told.
type Artifacts = BTreeMap<(String, String), Option<String>>;

fn look<R: Read + Seek>(
    reader: R,
    file_name: &str,
    artifacts: &mut Artifacts,
    left: &mut u64,
    depth: usize,
) -> Result<(), zip::result::ZipError> {
    let mut archive = ZipArchive::new(reader)?;
    let names: Vec<String> = archive
        .file_names()
        .filter_map(|name| Some(name.ok()?.into_owned()))
        .collect();
    let (mut any, mut looked) = (false, 0);
    for name in &names {
        let is_artifact = name.starts_with("META-INF/maven/") && name.ends_with("/pom.properties");
        if is_artifact && looked < MAX_ARTIFACTS {
            looked += 1;
            any |= maven(&text(&mut archive, name, left)?, artifacts);
        }
        if is_archive(name) && depth < MAX_DEPTH {
            inner(&mut archive, name, artifacts, left, depth)?;
        }
    }
    if !any && names.iter().any(|name| name == MANIFEST) {
        let (name, version, license) = manifest(&text(&mut archive, MANIFEST, left)?, file_name);
        if !version.is_empty() {
            artifacts.insert((name, version), license);
        }
    }
    Ok(())
}

const MANIFEST: &str = "META-INF/MANIFEST.MF";

/// An archive inside another, which is broken or not: the one around it is not.
fn inner<R: Read + Seek>(
    archive: &mut ZipArchive<R>,
    name: &str,
    artifacts: &mut Artifacts,
    left: &mut u64,
    depth: usize,
) -> Result<(), zip::result::ZipError> {
    let entry = archive.by_name(name)?;
    let size = entry.size();
    if size > MAX_INNER.min(*left) {
        return Ok(());
    }
    let mut bytes = Vec::new();
    let inflated = entry.take(size).read_to_end(&mut bytes);
    *left -= bytes.len() as u64;
    inflated?;
    let file_name = name.rsplit('/').next().unwrap_or(name);
    let _ = look(Cursor::new(bytes), file_name, artifacts, left, depth + 1);
    Ok(())
}

fn text<R: Read + Seek>(
    archive: &mut ZipArchive<R>,
    name: &str,
    left: &mut u64,
) -> Result<String, zip::result::ZipError> {
    let mut bytes = Vec::new();
    let limit = MAX_TEXT.min(*left);
    let inflated = archive.by_name(name)?.take(limit).read_to_end(&mut bytes);
    *left -= bytes.len() as u64;
    inflated?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// `groupId`, `artifactId` and `version` of a `pom.properties`. Whether it has them.
fn maven(text: &str, artifacts: &mut Artifacts) -> bool {
    let value = |key: &str| {
        let line = text.lines().find_map(|line| {
            line.trim()
                .strip_prefix(key)?
                .trim_start()
                .strip_prefix('=')
        });
        line.unwrap_or_default().trim().to_owned()
    };
    let (group, artifact, version) = (value("groupId"), value("artifactId"), value("version"));
    let is_whole = !artifact.is_empty() && !version.is_empty();
    if is_whole {
        let name = if group.is_empty() {
            artifact
        } else {
            format!("{group}:{artifact}")
        };
        artifacts.entry((name, version)).or_default();
    }
    is_whole
}

/// The name, the version and the license that a manifest tells; the name of the file where it does
/// not.
fn manifest(text: &str, file_name: &str) -> (String, String, Option<String>) {
    // A line that begins with a blank goes on from the one before.
    let text = text.replace("\r\n", "\n").replace("\n ", "");
    let main = text.split("\n\n").next().unwrap_or_default();
    let value = |key: &str| {
        let line = main
            .lines()
            .find_map(|line| line.strip_prefix(key)?.strip_prefix(": "));
        line.map(|value| value.trim().to_owned())
            .filter(|value| !value.is_empty())
    };
    let stem = ENDINGS
        .iter()
        .find_map(|ending| file_name.strip_suffix(ending))
        .unwrap_or(file_name);
    let (stem_name, stem_version) = split_version(stem);
    let version = [
        "Implementation-Version",
        "Bundle-Version",
        "Specification-Version",
    ]
    .into_iter()
    .find_map(value);
    let version = if stem_version.is_empty() {
        version.unwrap_or_default()
    } else {
        stem_version.to_owned()
    };
    (stem_name.to_owned(), version, value("Bundle-License"))
}

/// `slf4j-api-2.0.13` is a name, a hyphen and a version that begins with a digit.
fn split_version(stem: &str) -> (&str, &str) {
    let hyphens = stem.match_indices('-').map(|(at, _)| at);
    let mut versions =
        hyphens.filter(|&at| stem[at + 1..].starts_with(|first: char| first.is_ascii_digit()));
    versions
        .next()
        .map_or((stem, ""), |at| (&stem[..at], &stem[at + 1..]))
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
        let mut artifacts = BTreeMap::new();
        look(
            Cursor::new(bytes),
            name,
            &mut artifacts,
            &mut super::super::MAX_INFLATED.clone(),
            0,
        )
        .unwrap();
        artifacts.into_keys().collect()
    }

    #[test]
    fn archives_inside_archives_tell_their_names_too() {
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
