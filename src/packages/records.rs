//! What scanners read: records of the packages of which something remains in a part of an image.
//!
//! The whole database of a distribution would name packages that are gone. Its place is taken by
//! records that name just those that are there, in forms that scanners know: `status.d` as
//! distroless images have it, apk's database without what is gone, and for rpm the manifest of
//! Azure Linux's distroless images.

use std::cell::RefCell;
use std::collections::BTreeSet;

use super::fields::{Paragraph, paragraphs};
use super::{Budget, Ecosystem, Found, Package, Packages, apk, dpkg, rpm};
use crate::image::{Header, Image, NameId, ReadError};

/// What records the packages of a part of an image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Records {
    /// Files of the image that record packages of which something remains, each with a file of
    /// theirs that does.
    pub kept: Vec<Kept>,
    /// Files that the image has not, in the order of paths.
    pub made: Vec<Record>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    pub record: NameId,
    /// A file of the package that remains; none where the record does not name files.
    pub of: Option<NameId>,
    /// The name of the package.
    pub package: String,
}

/// A file that is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// With a leading `/`.
    pub path: Vec<u8>,
    pub bytes: Vec<u8>,
    /// Of root, for everybody to read, and as old as the database that it is made of.
    pub header: Header,
    /// The packages that it records.
    pub packages: Vec<String>,
}

/// Makes the records for the names that remain.
pub fn records(
    image: &Image,
    packages: &Packages,
    is_kept: &dyn Fn(NameId) -> bool,
) -> Result<Records, ReadError> {
    let found = Found {
        image,
        distribution: &packages.distribution,
        inflatable: 0,
        budget: Budget::default(),
        oversized: RefCell::default(),
        list: Vec::new(),
        notes: Vec::new(),
    };
    let mut records = Records::default();
    let status = found.file(dpkg::STATUS);
    for package in &packages.list {
        let is_database = Some(package.record) == status
            || matches!(package.ecosystem, Ecosystem::Apk | Ecosystem::Rpm);
        if !is_database
            && !is_kept(package.record)
            && let Some(&of) = package
                .files
                .iter()
                .find(|&&file| file != package.record && is_kept(file))
        {
            keep(&found, &mut records, package, of);
        }
    }
    dpkg_records(&found, is_kept, &mut records)?;
    apk_records(&found, is_kept, &mut records)?;
    rpm_records(&found, packages, is_kept, &mut records)?;
    records.made.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(records)
}

/// A record by itself, and the sums beside it.
fn keep(found: &Found<'_>, records: &mut Records, package: &Package, of: NameId) {
    let mut add = |record| {
        records.kept.push(Kept {
            record,
            of: Some(of),
            package: package.name.clone(),
        });
    };
    add(package.record);
    if package.ecosystem == Ecosystem::Deb {
        let sums = [found.tree().path(package.record), b".md5sums".to_vec()].concat();
        found.file(&sums).map(add);
    }
}

/// The header of a file that is made of a database.
fn header(found: &Found<'_>, database: NameId) -> Header {
    let mtime = found.tree().inode(database).header.mtime;
    Header {
        mode: 0o644,
        mtime,
        ..Header::default()
    }
}

fn dpkg_records(
    found: &Found<'_>,
    is_kept: &dyn Fn(NameId) -> bool,
    records: &mut Records,
) -> Result<(), ReadError> {
    // Where the whole database stays, it says all.
    let Some(status) = found.file(dpkg::STATUS).filter(|&status| !is_kept(status)) else {
        return Ok(());
    };
    let Some(bytes) = found.text(status)? else {
        return Ok(());
    };
    let diversions = dpkg::diversions(found)?;
    let mut names = BTreeSet::new();
    for paragraph in paragraphs(&bytes).filter(dpkg::is_installed) {
        let facts = dpkg::facts(&paragraph);
        if facts.name.is_empty() || facts.name.contains('/') {
            continue;
        }
        if !dpkg::files(found, &facts, &diversions)?
            .into_iter()
            .any(is_kept)
        {
            continue;
        }
        let mut name = facts.name.clone();
        // One package for several architectures.
        if !names.insert(name.clone()) {
            name = format!(
                "{name}:{}",
                facts.architecture.as_deref().unwrap_or_default()
            );
        }
        let path = [dpkg::STATUS_FOLDER, b"/", name.as_bytes()].concat();
        let sums = sums(found, &facts, &paragraph, is_kept)?;
        let packages = vec![facts.name];
        let header = header(found, status);
        let sums_path = [&path[..], b".md5sums"].concat();
        let record = Record {
            path,
            bytes: paragraph.bytes.to_vec(),
            header,
            packages,
        };
        if !sums.is_empty() {
            records.made.push(Record {
                path: sums_path,
                bytes: sums,
                ..record.clone()
            });
        }
        records.made.push(record);
    }
    Ok(())
}

/// The sums of the files that remain: those of the package, and those of its configuration as it
/// came.
fn sums(
    found: &Found<'_>,
    facts: &super::Facts,
    paragraph: &Paragraph<'_>,
    is_kept: &dyn Fn(NameId) -> bool,
) -> Result<Vec<u8>, ReadError> {
    let remains = |path: &[u8]| found.entry(path).is_some_and(is_kept);
    let mut sums = Vec::new();
    if let Some(all) = dpkg::info(found, facts, "md5sums")? {
        for line in all
            .split(|&byte| byte == b'\n')
            .filter(|line| dpkg::sum_path(line).is_some_and(remains))
        {
            sums.extend_from_slice(line);
            sums.push(b'\n');
        }
    }
    for line in paragraph
        .field("Conffiles")
        .unwrap_or_default()
        .split(|&byte| byte == b'\n')
    {
        let words: Vec<&[u8]> = line.trim_ascii().split(|&byte| byte == b' ').collect();
        if let [path, sum, ..] = words[..]
            && let Some(relative) = path.strip_prefix(b"/")
            && remains(path)
        {
            sums.extend_from_slice(&[sum, b"  ", relative, b"\n"].concat());
        }
    }
    Ok(sums)
}

fn apk_records(
    found: &Found<'_>,
    is_kept: &dyn Fn(NameId) -> bool,
    records: &mut Records,
) -> Result<(), ReadError> {
    let mut read = None;
    for place in apk::PLACES {
        let Some(database) = found
            .file(place)
            .filter(|&name| !is_kept(name) && Some(name) != read)
        else {
            continue;
        };
        let Some(bytes) = found.text(database)? else {
            continue;
        };
        read = Some(database);
        let reduced = apk::database(found, &bytes, is_kept);
        let packages: Vec<String> = paragraphs(&reduced)
            .map(|paragraph| apk::facts(&paragraph).name)
            .collect();
        if !packages.is_empty() {
            // The database itself, reduced: it looks as it did.
            let header = found.tree().inode(database).header.clone();
            records.made.push(Record {
                path: found.tree().path(database),
                bytes: reduced,
                header,
                packages,
            });
        }
    }
    Ok(())
}

fn rpm_records(
    found: &Found<'_>,
    packages: &Packages,
    is_kept: &dyn Fn(NameId) -> bool,
    records: &mut Records,
) -> Result<(), ReadError> {
    let installed = || {
        packages
            .list
            .iter()
            .filter(|package| package.ecosystem == Ecosystem::Rpm)
    };
    let mut databases: Vec<NameId> = installed().map(|package| package.record).collect();
    databases.sort_unstable();
    databases.dedup();
    // The manifest of an image that has no database says nothing of files: it stays as it is.
    if let Some(manifest) = found.file(rpm::MANIFEST) {
        if databases == [manifest] && !is_kept(manifest) {
            records.kept.push(Kept {
                record: manifest,
                of: None,
                package: String::new(),
            });
        }
        return Ok(());
    }
    if databases.iter().any(|&database| is_kept(database)) {
        return Ok(());
    }
    let mut lines = Vec::new();
    for &database in &databases {
        lines.extend(rpm::manifest_lines(found, database, is_kept)?);
    }
    lines.dedup();
    if let Some(&database) = databases.first().filter(|_| !lines.is_empty()) {
        let name = |line: &String| line.split('\t').next().unwrap_or_default().to_owned();
        let packages = lines.iter().map(name).collect();
        let bytes = (lines.join("\n") + "\n").into_bytes();
        records.made.push(Record {
            path: rpm::MANIFEST.to_vec(),
            bytes,
            header: header(found, database),
            packages,
        });
    }
    Ok(())
}
