//! The packages of an image, and which package each file is of, as the databases in the image tell.
//!
//! Databases of distributions are read (dpkg, apk, rpm) and what the tools of languages leave
//! beside their files. Of what cannot be read there is a note; the rest is told all the same.

mod apk;
mod binaries;
mod distribution;
mod dpkg;
mod fields;
mod gem;
mod java;
mod npm;
mod purl;
mod python;
mod records;
mod rpm;
mod versions;

use std::collections::{HashMap, HashSet};
use std::fmt;

use crate::image::{Bytes, Image, Kind, NameId, ReadError, Tree};

pub use distribution::Distribution;
pub use purl::image_purl;
pub use records::{Kept, Record, Records, records};
pub use versions::Order;

/// Databases and records larger than this are nobody's.
const MAX_RECORD: u64 = 512 << 20;
/// Paths longer than this are no paths of Linux; many that share their beginning could fill the
/// memory.
const MAX_PATH: usize = 4096;

/// What is installed.
#[derive(Clone, Debug, Default)]
pub struct Packages {
    /// Packages of distributions first, then by ecosystem, name, version and record.
    pub list: Vec<Package>,
    pub distribution: Distribution,
    /// Databases and records that could not be read, ordered.
    pub notes: Vec<Note>,
    owners: HashMap<NameId, Vec<usize>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    pub ecosystem: Ecosystem,
    /// With the group in front, `org.slf4j:slf4j-api`, for Maven.
    pub name: String,
    /// As its package manager writes it: with the epoch and the release, where it has them.
    pub version: String,
    pub architecture: Option<String>,
    /// The name and the version of the package that it was built from.
    pub source: Option<(String, String)>,
    /// As the package says it; an SPDX expression only by chance.
    pub licence: Option<String>,
    /// What keeps it from being whole, as its package manager writes it: `half-configured`; none
    /// where it is.
    pub broken: Option<String>,
    /// Where the image says that it is there: a database, or a file for it alone.
    pub record: NameId,
    /// Its files and links that are there, in the order of rows; no directories.
    pub files: Vec<NameId>,
    /// `pkg:deb/debian/libc6@2.36-9?arch=amd64&distro=debian-12`.
    pub purl: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ecosystem {
    Deb,
    Apk,
    Rpm,
    Python,
    Npm,
    Gem,
    Go,
    Cargo,
    Maven,
}

impl Ecosystem {
    /// As purls write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deb => "deb",
            Self::Apk => "apk",
            Self::Rpm => "rpm",
            Self::Python => "pypi",
            Self::Npm => "npm",
            Self::Gem => "gem",
            Self::Go => "golang",
            Self::Cargo => "cargo",
            Self::Maven => "maven",
        }
    }

    /// Whether it is the package manager of a distribution, whose records are one database.
    pub fn is_distribution(self) -> bool {
        matches!(self, Self::Deb | Self::Apk | Self::Rpm)
    }
}

impl fmt::Display for Ecosystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A database or a record that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    pub at: NameId,
    pub text: String,
}

impl Packages {
    /// The packages that a file is of, those of the distribution first.
    pub fn owners(&self, name: NameId) -> impl Iterator<Item = &Package> {
        self.owner_rows(name).iter().map(|&row| &self.list[row])
    }

    /// The same as rows of the list.
    pub fn owner_rows(&self, name: NameId) -> &[usize] {
        self.owners
            .get(&name)
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    /// Those of which a file is kept, with such files alone. One without files in the image is
    /// where its record is.
    #[must_use]
    pub fn remaining(mut self, is_kept: impl Fn(NameId) -> bool) -> Self {
        self.list.retain_mut(|package| {
            let had_files = !package.files.is_empty();
            package.files.retain(|&file| is_kept(file));
            let is_recorded = !package.ecosystem.is_distribution() && is_kept(package.record);
            !package.files.is_empty() || !had_files && is_recorded
        });
        self.owners = owners(&self.list);
        self
    }

    /// The bytes of each package, in the order of the list. A file counts once, for its first
    /// package.
    pub fn sizes(&self, tree: &Tree, is_counted: impl Fn(NameId) -> bool) -> Vec<u64> {
        let mut sizes = vec![0_u64; self.list.len()];
        let mut counted = vec![false; tree.inode_count()];
        for name in tree.walk().filter(|&name| is_counted(name)) {
            let Some(&owner) = self.owner_rows(name).first() else {
                continue;
            };
            if let Kind::File(content) = &tree.inode(name).kind
                && !std::mem::replace(&mut counted[tree.inode_id(name).index()], true)
            {
                sizes[owner] = sizes[owner].saturating_add(content.length());
            }
        }
        sizes
    }
}

/// Reads every database and record of the image.
pub fn read(image: &Image) -> Result<Packages, ReadError> {
    let distribution = distribution::read(image)?;
    let mut found = Found {
        image,
        distribution: &distribution,
        list: Vec::new(),
        notes: Vec::new(),
    };
    dpkg::read(&mut found)?;
    apk::read(&mut found)?;
    rpm::read(&mut found)?;
    // One walk finds the records of all languages.
    let mut seen = vec![false; image.tree.inode_count()];
    for name in image.tree.walk() {
        for reader in [python::read, npm::read, gem::read] {
            reader(&mut found, name)?;
        }
        // These read what is in a file, which is the same under all its names.
        if !std::mem::replace(&mut seen[image.tree.inode_id(name).index()], true) {
            java::read(&mut found, name)?;
            binaries::read(&mut found, name)?;
        }
    }
    let Found {
        mut list,
        mut notes,
        ..
    } = found;
    list.sort_by(|one, other| {
        let key = |package: &Package| (package.ecosystem, package.record);
        (one.ecosystem, &one.name, &one.version, &one.architecture)
            .cmp(&(
                other.ecosystem,
                &other.name,
                &other.version,
                &other.architecture,
            ))
            .then(key(one).cmp(&key(other)))
    });
    list.dedup();
    notes.sort();
    notes.dedup();
    let owners = owners(&list);
    Ok(Packages {
        list,
        distribution,
        notes,
        owners,
    })
}

/// The rows of the packages that each file is of.
fn owners(list: &[Package]) -> HashMap<NameId, Vec<usize>> {
    let mut owners: HashMap<NameId, Vec<usize>> = HashMap::new();
    for (row, package) in list.iter().enumerate() {
        for &file in &package.files {
            owners.entry(file).or_default().push(row);
        }
    }
    owners
}

/// What readers of records read, and where they put what they find.
struct Found<'a> {
    image: &'a Image,
    distribution: &'a Distribution,
    list: Vec<Package>,
    notes: Vec<Note>,
}

/// What a record says of a package, before its files are known.
#[derive(Clone, Debug, Default)]
struct Facts {
    name: String,
    version: String,
    architecture: Option<String>,
    source: Option<(String, String)>,
    licence: Option<String>,
    broken: Option<String>,
    /// Numbers in purls that are no part of the version: rpm's epoch.
    epoch: Option<String>,
}

impl<'a> Found<'a> {
    fn tree(&self) -> &'a Tree {
        &self.image.tree
    }

    /// The file at a path, if there is one.
    fn file(&self, path: &[u8]) -> Option<NameId> {
        let name = self.tree().resolve(path).ok()?.name;
        matches!(self.tree().inode(name).kind, Kind::File(_)).then_some(name)
    }

    /// The bytes of a file; nothing for what is none, or is too large to be a record.
    fn bytes(&self, name: NameId) -> Result<Option<Bytes<'a>>, ReadError> {
        match &self.tree().inode(name).kind {
            Kind::File(content) if content.length() <= MAX_RECORD => {
                self.image.read(name).map(Some)
            }
            _ => Ok(None),
        }
    }

    fn bytes_at(&self, path: &[u8]) -> Result<Option<Bytes<'a>>, ReadError> {
        self.file(path).map_or(Ok(None), |name| self.bytes(name))
    }

    /// The entry at a path of a package, links on the way followed; none for a directory.
    fn entry(&self, path: &[u8]) -> Option<NameId> {
        let name = self.tree().resolve_link(path).ok()?.name;
        (!self.tree().is_directory(name)).then_some(name)
    }

    /// The entries of the paths of one package that are no directories, for it or in the image: a
    /// package may have `/lib` for a directory that is a link by now.
    fn entries(&self, paths: &[impl AsRef<[u8]>]) -> Vec<NameId> {
        let parent = |path: &[u8]| {
            path.iter()
                .rposition(|&byte| byte == b'/')
                .map(|slash| path[..slash].to_vec())
        };
        let parents: HashSet<Vec<u8>> = paths
            .iter()
            .filter_map(|path| parent(path.as_ref()))
            .collect();
        let files = paths
            .iter()
            .map(AsRef::as_ref)
            .filter(|path| !parents.contains(*path));
        files.filter_map(|path| self.entry(path)).collect()
    }

    fn note(&mut self, at: NameId, text: impl Into<String>) {
        self.notes.push(Note {
            at,
            text: text.into(),
        });
    }

    /// Adds a package that has a name.
    fn add(&mut self, ecosystem: Ecosystem, facts: Facts, record: NameId, mut files: Vec<NameId>) {
        if facts.name.is_empty() {
            return;
        }
        files.sort_unstable();
        files.dedup();
        let purl = purl::purl(ecosystem, &facts, self.distribution);
        let Facts {
            name,
            version,
            architecture,
            source,
            licence,
            broken,
            epoch: _,
        } = facts;
        self.list.push(Package {
            ecosystem,
            name,
            version,
            architecture,
            source,
            licence,
            broken,
            record,
            files,
            purl,
        });
    }
}

/// The files and links below a directory, without what is below a directory of a certain name.
fn files_below(tree: &Tree, directory: NameId, without: Option<&[u8]>) -> Vec<NameId> {
    let mut files = Vec::new();
    let mut open = vec![directory];
    while let Some(directory) = open.pop() {
        for name in tree.children(directory) {
            if !tree.is_directory(name) {
                files.push(name);
            } else if Some(tree.file_name(name)) != without {
                open.push(name);
            }
        }
    }
    files
}

/// Text of others, which may be no UTF-8.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes.trim_ascii()).into_owned()
}
