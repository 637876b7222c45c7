//! Debian's packages: dpkg's database, and `status.d` of images that have no dpkg.

use std::collections::{BTreeSet, HashMap};

use super::fields::{Paragraph, paragraphs};
use super::{Ecosystem, Facts, Found, text};
use crate::image::{NameId, ReadError};

pub(super) const STATUS: &[u8] = b"/var/lib/dpkg/status";
pub(super) const STATUS_FOLDER: &[u8] = b"/var/lib/dpkg/status.d";
const INFO: &str = "/var/lib/dpkg/info/";
const DIVERSIONS: &[u8] = b"/var/lib/dpkg/diversions";

pub(super) fn read(found: &mut Found<'_>) -> Result<(), ReadError> {
    if let Some(status) = found.file(STATUS)
        && let Some(bytes) = found.text(status)?
    {
        let diversions = diversions(found)?;
        for paragraph in paragraphs(&bytes).filter(is_installed) {
            let facts = Facts {
                license: license(found, &paragraph)?,
                ..facts(&paragraph)
            };
            let files = files(found, &facts, &diversions)?;
            found.add(Ecosystem::Deb, facts, status, files);
        }
    }
    for record in status_folder(found) {
        let Some(bytes) = found.text(record)? else {
            continue;
        };
        let Some(paragraph) = paragraphs(&bytes).next() else {
            continue;
        };
        let facts = Facts {
            license: license(found, &paragraph)?,
            ..facts(&paragraph)
        };
        let sums = [found.tree().path(record), b".md5sums".to_vec()].concat();
        let files = found
            .own_text_at(&sums)?
            .map(|sums| summed(found, &sums))
            .unwrap_or_default();
        found.add(Ecosystem::Deb, facts, record, files);
    }
    Ok(())
}

/// The records in `status.d`, one a package.
fn status_folder(found: &Found<'_>) -> Vec<NameId> {
    let tree = found.tree();
    let Ok(folder) = tree.resolve(STATUS_FOLDER) else {
        return Vec::new();
    };
    tree.children(folder.name)
        .filter(|&name| !tree.file_name(name).ends_with(b".md5sums"))
        .collect()
}

/// Not one that was removed, though it has left its configuration.
pub(super) fn is_installed(paragraph: &Paragraph<'_>) -> bool {
    let state = paragraph
        .field("Status")
        .and_then(|status| status.rsplit(|&byte| byte == b' ').next());
    !matches!(state, Some(b"config-files" | b"not-installed"))
}

pub(super) fn facts(paragraph: &Paragraph<'_>) -> Facts {
    let name = paragraph.text("Package").unwrap_or_default();
    let version = paragraph.text("Version").unwrap_or_default();
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
        ..Facts::default()
    }
}

/// The state of a package that dpkg did not bring to its end, as the last two words of
/// `install ok unpacked` have it.
fn broken(paragraph: &Paragraph<'_>) -> Option<String> {
    let status = paragraph.text("Status")?;
    let mut words = status.split_whitespace().skip(1);
    let (flag, state) = (words.next()?, words.next()?);
    match (flag, state) {
        ("reinstreq", _) => Some("reinst-required".to_owned()),
        (_, "installed") => None,
        (_, state) => Some(state.to_owned()),
    }
}

/// The licenses that a machine-readable copyright file names, each once.
fn license(found: &Found<'_>, paragraph: &Paragraph<'_>) -> Result<Option<String>, ReadError> {
    let name = paragraph.text("Package").unwrap_or_default();
    let path = format!("/usr/share/doc/{name}/copyright");
    let Some(bytes) = found.text_at(path.as_bytes())? else {
        return Ok(None);
    };
    if !bytes.starts_with(b"Format:") {
        return Ok(None);
    }
    let lines = bytes
        .split(|&byte| byte == b'\n')
        .filter_map(|line| line.strip_prefix(b"License:"));
    let names: BTreeSet<String> = lines.map(text).filter(|name| !name.is_empty()).collect();
    Ok((!names.is_empty()).then(|| names.into_iter().collect::<Vec<_>>().join(" AND ")))
}

/// Paths that are elsewhere, for every package but one.
pub(super) type Diversions = HashMap<Vec<u8>, (Vec<u8>, Vec<u8>)>;

/// Three lines each: the path, where it is instead, and the package that has the path for itself.
pub(super) fn diversions(found: &Found<'_>) -> Result<Diversions, ReadError> {
    let Some(bytes) = found.text_at(DIVERSIONS)? else {
        return Ok(Diversions::new());
    };
    let lines: Vec<&[u8]> = bytes.split(|&byte| byte == b'\n').collect();
    let entry = |lines: &[&[u8]]| (lines[0].to_vec(), (lines[1].to_vec(), lines[2].to_vec()));
    Ok(lines.chunks_exact(3).map(entry).collect())
}

pub(super) fn files(
    found: &Found<'_>,
    facts: &Facts,
    diversions: &Diversions,
) -> Result<Vec<NameId>, ReadError> {
    let Some(list) = info(found, facts, "list")? else {
        return Ok(Vec::new());
    };
    let mut paths = Vec::new();
    for path in list
        .split(|&byte| byte == b'\n')
        .filter(|path| path.starts_with(b"/"))
    {
        paths.push(match diversions.get(path) {
            Some((elsewhere, by)) if by != facts.name.as_bytes() => elsewhere,
            _ => path,
        });
    }
    Ok(found.entries(&paths))
}

/// A file of a package in dpkg's folder: its name has the architecture in it where several can be
/// installed.
pub(super) fn info<'a>(
    found: &Found<'a>,
    facts: &Facts,
    kind: &str,
) -> Result<Option<crate::image::Bytes<'a>>, ReadError> {
    let architecture = facts.architecture.as_deref().unwrap_or_default();
    let with_architecture = format!("{INFO}{}:{architecture}.{kind}", facts.name);
    match found.own_text_at(format!("{INFO}{}.{kind}", facts.name).as_bytes())? {
        None => found.own_text_at(with_architecture.as_bytes()),
        found => Ok(found),
    }
}

/// The files of lines such as `900150983cd24fb0d6963f7d28e17f72  usr/bin/x`.
fn summed(found: &Found<'_>, sums: &[u8]) -> Vec<NameId> {
    sums.split(|&byte| byte == b'\n')
        .filter_map(|line| found.entry(sum_path(line)?))
        .collect()
}

/// The path of such a line.
pub(super) fn sum_path(line: &[u8]) -> Option<&[u8]> {
    line.get(32..)?
        .strip_prefix(b"  ")
        .filter(|path| !path.is_empty())
}
