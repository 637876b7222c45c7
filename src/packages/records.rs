//! Package records for scanners, for packages whose files remain in a slimmed image.
//!
//! The complete database of a distribution would list packages that have been removed. It is
//! replaced with records of only the remaining packages, in formats that scanners support:
//! `status.d` of distroless images, apk's database without the removed packages and files, and for
//! rpm the manifest of Azure Linux's distroless images.

use std::collections::BTreeSet;

use super::fields::{Paragraph, paragraphs};
use super::{Ecosystem, MAX_PACKAGES, Package, Packages, Scan, apk, dpkg, rpm};
use crate::image::{Header, Image, NameId, ReadError};

/// The records of the packages that remain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Records {
    /// Files of the image that are separate records and must be kept.
    pub kept: Vec<KeptRecord>,
    /// New files, in the order of paths.
    pub generated: Vec<GeneratedRecord>,
}

/// A file of the image that records a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptRecord {
    pub record: NameId,
    /// A remaining file of the package; `None` if the record does not list files.
    pub of: Option<NameId>,
    /// The name of the package.
    pub package: String,
}

/// A new file that records packages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GeneratedRecord {
    /// Path with a leading `/`.
    pub path: Vec<u8>,
    pub bytes: Vec<u8>,
    /// Owner root, mode 0644, and the time of the database that it is derived from.
    pub header: Header,
    /// The packages that it records.
    pub packages: Vec<String>,
}

/// Returns the records for the names that remain.
pub fn records(
    image: &Image,
    packages: &Packages,
    is_kept: &dyn Fn(NameId) -> bool,
) -> Result<Records, ReadError> {
    let scan = Scan::new(image, &packages.distribution);
    let mut records = Records::default();
    // A record of a single package is kept unchanged if a file of the package is kept. Databases of
    // many packages are rewritten below.
    let status = scan.file(dpkg::STATUS);
    for package in &packages.list {
        let is_database = Some(package.record) == status
            || matches!(package.ecosystem, Ecosystem::Apk | Ecosystem::Rpm);
        // The record of a program without a package manager is one of its files, and each of them
        // shows the version.
        let is_separate = !is_database && package.ecosystem != Ecosystem::Software;
        if is_separate
            && !is_kept(package.record)
            && let Some(&of) = package
                .files
                .iter()
                .find(|&&file| file != package.record && is_kept(file))
        {
            keep(&scan, &mut records, package, of);
        }
    }
    dpkg_records(&scan, is_kept, &mut records)?;
    apk_records(&scan, is_kept, &mut records)?;
    rpm_records(&scan, packages, is_kept, &mut records)?;
    records
        .generated
        .sort_by(|one, other| one.path.cmp(&other.path));
    Ok(records)
}

/// Keeps the record of a package, and the checksums next to it.
fn keep(scan: &Scan<'_>, records: &mut Records, package: &Package, of: NameId) {
    let mut files = vec![package.record];
    if package.ecosystem == Ecosystem::Deb {
        let sums = [scan.tree().path(package.record), b".md5sums".to_vec()].concat();
        files.extend(scan.file(&sums));
    }
    for record in files {
        records.kept.push(KeptRecord {
            record,
            of: Some(of),
            package: package.name.clone(),
        });
    }
}

/// Returns the header of a file that is derived from a database.
fn header(scan: &Scan<'_>, database: NameId) -> Header {
    // Using its time keeps the output reproducible, because the clock is never read.
    let mtime = scan.tree().inode(database).header.mtime;
    Header {
        mode: 0o644,
        mtime,
        ..Header::default()
    }
}

fn dpkg_records(
    scan: &Scan<'_>,
    is_kept: &dyn Fn(NameId) -> bool,
    records: &mut Records,
) -> Result<(), ReadError> {
    // A database that is kept already records everything.
    let Some(status) = scan.file(dpkg::STATUS).filter(|&status| !is_kept(status)) else {
        return Ok(());
    };
    let Some(bytes) = scan.text(status)? else {
        return Ok(());
    };
    let diversions = dpkg::diversions(scan)?;
    let mut names = BTreeSet::new();
    // No more packages than these were read.
    for paragraph in paragraphs(&bytes)
        .filter(dpkg::is_installed)
        .take(MAX_PACKAGES)
    {
        let facts = dpkg::facts(&paragraph);
        // The name is used as a file name. With a hostile name, the file could be placed anywhere.
        if facts.name.is_empty() || facts.name.contains('/') {
            continue;
        }
        if !dpkg::files(scan, &facts, &diversions, status)?
            .into_iter()
            .any(is_kept)
        {
            continue;
        }
        let mut name = facts.name.clone();
        // The same package can be installed for several architectures.
        if !names.insert(name.clone()) {
            name = format!(
                "{name}:{}",
                facts.architecture.as_deref().unwrap_or_default()
            );
        }
        let path = [dpkg::STATUS_DIRECTORY, b"/", name.as_bytes()].concat();
        let sums = sums(scan, &facts, &paragraph, is_kept)?;
        let packages = vec![facts.name];
        let header = header(scan, status);
        let sums_path = [&path[..], b".md5sums"].concat();
        let record = GeneratedRecord {
            path,
            bytes: paragraph.bytes.to_vec(),
            header,
            packages,
        };
        if !sums.is_empty() {
            records.generated.push(GeneratedRecord {
                path: sums_path,
                bytes: sums,
                ..record.clone()
            });
        }
        records.generated.push(record);
    }
    Ok(())
}

/// Returns the checksums of the remaining files. For configuration files, which dpkg lists in the
/// status file, they are those of the packaged file, not of an edited one.
fn sums(
    scan: &Scan<'_>,
    facts: &super::Facts,
    paragraph: &Paragraph<'_>,
    is_kept: &dyn Fn(NameId) -> bool,
) -> Result<Vec<u8>, ReadError> {
    let mut sums = Vec::new();
    if let Some(all) = dpkg::info(scan, facts, "md5sums")? {
        for line in all.split(|&byte| byte == b'\n') {
            let file = dpkg::sum_path(line).and_then(|path| scan.entry(path));
            if file.is_some_and(is_kept) {
                sums.extend_from_slice(line);
                sums.push(b'\n');
            }
        }
    }
    for line in paragraph
        .field("Conffiles")
        .unwrap_or_default()
        .split(|&byte| byte == b'\n')
    {
        let mut words = line.trim_ascii().split(|&byte| byte == b' ');
        if let (Some(path), Some(sum)) = (words.next(), words.next())
            && let Some(relative) = path.strip_prefix(b"/")
            && scan.entry(path).is_some_and(is_kept)
        {
            sums.extend_from_slice(&[sum, b"  ", relative, b"\n"].concat());
        }
    }
    Ok(sums)
}

fn apk_records(
    scan: &Scan<'_>,
    is_kept: &dyn Fn(NameId) -> bool,
    records: &mut Records,
) -> Result<(), ReadError> {
    let mut read = None;
    for place in apk::PLACES {
        // The second path may be the same file if `/lib` is a symlink.
        let Some(database) = scan
            .file(place)
            .filter(|&name| !is_kept(name) && Some(name) != read)
        else {
            continue;
        };
        let Some(bytes) = scan.text(database)? else {
            continue;
        };
        read = Some(database);
        let reduced = apk::database(scan, &bytes, is_kept);
        let packages: Vec<String> = paragraphs(&reduced)
            .take(MAX_PACKAGES)
            .map(|paragraph| apk::facts(&paragraph).name)
            .collect();
        if !packages.is_empty() {
            // The file replaces the database, so it keeps its owner and mode.
            let header = scan.tree().inode(database).header.clone();
            records.generated.push(GeneratedRecord {
                path: scan.tree().path(database),
                bytes: reduced,
                header,
                packages,
            });
        }
    }
    Ok(())
}

fn rpm_records(
    scan: &Scan<'_>,
    packages: &Packages,
    is_kept: &dyn Fn(NameId) -> bool,
    records: &mut Records,
) -> Result<(), ReadError> {
    let mut databases = BTreeSet::new();
    for package in &packages.list {
        if package.ecosystem == Ecosystem::Rpm {
            databases.insert(package.record);
        }
    }
    // The manifest of an image without a database does not list files, so it is unknown which
    // packages were removed. It is left unchanged.
    if let Some(manifest) = scan.file(rpm::MANIFEST) {
        if databases.iter().eq([&manifest]) && !is_kept(manifest) {
            records.kept.push(KeptRecord {
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
        lines.extend(rpm::manifest_lines(scan, database, is_kept)?);
    }
    lines.dedup();
    let Some(&database) = databases.first() else {
        return Ok(());
    };
    if lines.is_empty() {
        return Ok(());
    }
    let mut packages = Vec::with_capacity(lines.len());
    for line in &lines {
        packages.push(line.split('\t').next().unwrap_or_default().to_owned());
    }
    records.generated.push(GeneratedRecord {
        path: rpm::MANIFEST.to_vec(),
        bytes: (lines.join("\n") + "\n").into_bytes(),
        header: header(scan, database),
        packages,
    });
    Ok(())
}
