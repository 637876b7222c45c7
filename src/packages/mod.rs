//! The packages installed in an image, and the package that each file belongs to.
//!
//! Reads the databases of distributions (dpkg, apk, rpm) and the metadata of language package
//! managers, and recognizes programs that no package manager installed. Metadata that cannot be
//! read is reported in a note; the rest is still read.

mod apk;
mod binaries;
mod distribution;
mod dpkg;
mod ecosystem;
mod fields;
mod file_parts;
mod gem;
mod java;
mod npm;
mod purl;
mod python;
mod records;
mod rpm;
mod software;
mod versions;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap, HashSet};

use crate::image::{Bytes, Content, Image, InodeId, Kind, NameId, ReadError, Tree};

use ecosystem::Reader;

pub use distribution::Distribution;
pub use ecosystem::Ecosystem;
pub(crate) use file_parts::FileParts;
pub use purl::image_purl;
pub use records::{GeneratedRecord, KeptRecord, Records, records};
pub use versions::Order;

/// Largest rpm database or archive, in bytes: real ones are far smaller.
const MAX_RECORD: u64 = 512 << 20;
/// Largest text, in bytes: dpkg's status file has a few megabytes on a system with everything
/// installed.
const MAX_TEXT: u64 = 64 << 20;
/// Total size of all databases and texts of an image, each counted as often as it is read: an image
/// with everything installed has a fifth of it. Hard links and packages with the same name could
/// cause a list to be read thousands of times.
const MAX_TEXTS: u64 = 512 << 20;
/// Files of all packages together, in multiples of the entries of the image and in addition to
/// those, each counted for every package that it belongs to. Few files belong to two packages, but
/// a Go program belongs to all of its modules.
const MAX_OWNERS: usize = 4;
const MORE_OWNED: usize = 1_000_000;
/// Longest name, version, or other field of a package, in bytes. Fields are copied, escaped in
/// URLs, where a byte takes nine, and compared with those of vulnerability records.
const MAX_FIELD: usize = 4 << 10;
/// The same for licenses: a package with hundreds of sources joins as many names.
const MAX_LICENSE: usize = 64 << 10;
/// Fields of all packages together, with their URLs, in bytes; ten thousand packages have about
/// three megabytes.
const ALL_FIELDS: usize = 32 << 20;
/// Largest sparse file, in bytes: holes cost an attacker nothing in an archive.
const MAX_SPARSE: u64 = 8 << 20;
/// Maximum number of packages in an image: the largest images have about ten thousand.
const MAX_PACKAGES: usize = 200_000;
/// Maximum number of packages that a package depends on; real ones have at most a few hundred. Each
/// takes at least two bytes of a record, and twenty times as many in memory.
const MAX_DEPENDS: usize = 4096;
/// The same for all packages together; a desktop system has about 50,000.
const ALL_DEPENDS: usize = 1_000_000;
/// Maximum total size of all archives of an image after decompression, in bytes. The archives of an
/// image are compressed in its layers too, so the limit on implausible files also applies to all of
/// them together.
const MAX_INFLATED: u64 = 2 << 30;
/// Longest path, Linux's `PATH_MAX`. Without a limit, many paths below a long directory path could
/// exhaust the memory.
const MAX_PATH: usize = 4096;

/// The installed packages.
#[derive(Clone, Debug, Default)]
pub struct Packages {
    /// Sorted by ecosystem (distributions first), name, version and record.
    pub list: Vec<Package>,
    pub distribution: Distribution,
    /// Databases and records that could not be read; sorted.
    pub notes: Vec<PackageNote>,
    owners: HashMap<NameId, Vec<usize>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    pub ecosystem: Ecosystem,
    /// Name of the package; for Maven, prefixed with the group: `org.slf4j:slf4j-api`.
    pub name: String,
    /// Version as written by its package manager, with the epoch and the release, if any.
    pub version: String,
    pub architecture: Option<String>,
    /// Name and version of the source package that it was built from.
    pub source: Option<(String, String)>,
    /// License as declared by the package, which need not be an SPDX expression.
    pub license: Option<String>,
    /// Reason for an incomplete installation in the package manager's terms, such as
    /// `half-configured`.
    pub broken: Option<String>,
    /// Names of the packages that it depends on, if they are recorded by name, as in dpkg and apk.
    pub depends: Vec<String>,
    /// The file that records it: a database, or a file of its own.
    pub record: NameId,
    /// Its files and symlinks that exist in the image, sorted, without directories.
    pub files: Vec<NameId>,
    /// `pkg:deb/debian/libc6@2.36-9?arch=amd64&distro=debian-12`.
    pub purl: String,
}

impl Package {
    /// The file that stands for the package: the record may be a database of all packages.
    pub fn location(&self) -> NameId {
        self.files.first().copied().unwrap_or(self.record)
    }

    /// The name of the source package; that of the package itself if none is recorded.
    pub fn source_name(&self) -> &str {
        match &self.source {
            Some((name, _)) => name,
            None => &self.name,
        }
    }
}

/// A database or a record that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PackageNote {
    pub at: NameId,
    pub text: String,
}

impl Packages {
    /// The packages that a file belongs to, those of the distribution first.
    pub fn owners(&self, name: NameId) -> impl Iterator<Item = &Package> {
        self.owner_rows(name).iter().map(|&row| &self.list[row])
    }

    /// The packages that a file belongs to, as indexes into the list.
    pub fn owner_rows(&self, name: NameId) -> &[usize] {
        self.owners
            .get(&name)
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    /// The packages that still have a kept file, with only their kept files. A package without
    /// files counts as kept if its record is.
    #[must_use]
    pub fn remaining(mut self, is_kept: impl Fn(NameId) -> bool) -> Self {
        self.list.retain_mut(|package| {
            let had_files = !package.files.is_empty();
            package.files.retain(|&file| is_kept(file));
            // A database records many packages, so a kept database says nothing about any one
            // package.
            let is_recorded = !package.ecosystem.is_distribution() && is_kept(package.record);
            !package.files.is_empty() || !had_files && is_recorded
        });
        self.owners = owners(&self.list);
        self
    }

    /// The size of each package in bytes, in the order of the list. A file that belongs to several
    /// packages counts for the first.
    pub fn sizes(&self, tree: &Tree, is_counted: impl Fn(NameId) -> bool) -> Vec<u64> {
        let mut sizes = vec![0_u64; self.list.len()];
        let mut counted = vec![false; tree.inode_count()];
        for name in tree.walk().filter(|&name| is_counted(name)) {
            let Some(&owner) = self.owner_rows(name).first() else {
                continue;
            };
            // The first name of a hard-linked file counts; its bytes exist once.
            if let Kind::File(content) = &tree.inode(name).kind
                && !std::mem::replace(&mut counted[tree.inode_id(name).index()], true)
            {
                sizes[owner] = sizes[owner].saturating_add(content.length());
            }
        }
        sizes
    }
}

/// Reads all databases and records of the image.
pub fn read(image: &Image) -> Result<Packages, ReadError> {
    let distribution = distribution::read(image)?;
    let mut scan = Scan::new(image, &distribution);
    // os-release does not show which of them is used: it may be missing, and rpm also runs on
    // Debian.
    for ecosystem in Ecosystem::ALL {
        if let Reader::Database(read) = ecosystem.description().read {
            read(&mut scan)?;
        }
    }
    // One walk finds the records of all languages.
    let mut seen = vec![false; image.tree.inode_count()];
    for name in image.tree.walk() {
        // The content is the same under all hard links of a file: read it once.
        let is_new = !std::mem::replace(&mut seen[image.tree.inode_id(name).index()], true);
        for ecosystem in Ecosystem::ALL {
            match ecosystem.description().read {
                Reader::Record(read) => read(&mut scan, name)?,
                Reader::Content(read) if is_new => read(&mut scan, name)?,
                _ => {}
            }
        }
    }
    software::finish(&mut scan);
    for name in scan.oversized.take() {
        scan.note(name, "too large to read");
    }
    if let Some(name) = scan.budget.first_unread.get() {
        scan.note(
            name,
            "the package records are too large: not all of them were read",
        );
    }
    if let Some(name) = scan.budget.first_incomplete.get() {
        scan.note(
            name,
            "the packages have too many files: not every file was assigned to its package",
        );
    }
    if let Some(reason) = image.tree.exhaustion() {
        scan.note(NameId::ROOT, reason);
    }
    let Scan {
        mut list,
        mut notes,
        ..
    } = scan;
    // A record that is reachable by several paths was read several times.
    list.sort_by(|one, other| sort_key(one).cmp(&sort_key(other)));
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

/// Sort key of the list: records come last, so that equal packages are neighbors.
fn sort_key(package: &Package) -> (Ecosystem, &str, &str, Option<&str>, NameId) {
    (
        package.ecosystem,
        &package.name,
        &package.version,
        package.architecture.as_deref(),
        package.record,
    )
}

/// Maps each file to the rows of the packages that it belongs to.
fn owners(list: &[Package]) -> HashMap<NameId, Vec<usize>> {
    let mut owners: HashMap<NameId, Vec<usize>> = HashMap::new();
    for (row, package) in list.iter().enumerate() {
        for &file in &package.files {
            owners.entry(file).or_default().push(row);
        }
    }
    owners
}

/// The image that records are read from, and the packages and notes that were found.
struct Scan<'a> {
    image: &'a Image,
    distribution: &'a Distribution,
    /// Remaining budget for decompressed bytes of archives.
    inflatable: u64,
    /// The same for lists of crates.
    inflatable_crates: u64,
    budget: Budget,
    /// Files that were not read because they are too large.
    oversized: RefCell<BTreeSet<NameId>>,
    /// The packages that each `package.json` describes. Its hard links are packages of their own.
    manifests: HashMap<InodeId, Facts>,
    search: software::Search,
    list: Vec<Package>,
    notes: Vec<PackageNote>,
}

/// Remaining budget for reading the records of an image.
#[derive(Debug)]
struct Budget {
    text_bytes: Cell<u64>,
    /// Entries that may still be found below the directories of packages.
    found_files: Cell<usize>,
    /// Paths that the lists of packages may still have. Most exist in the image, but documentation
    /// is often left out.
    listed_paths: Cell<usize>,
    /// Files that packages may still have.
    owned_files: Cell<usize>,
    /// Bytes that the fields of packages may still have.
    fields: Cell<usize>,
    /// Dependencies that packages may still have.
    depends: Cell<usize>,
    /// The first directory or record with files that were left out because the budget was used up.
    first_incomplete: Cell<Option<NameId>>,
    /// The first text that was not read because the budget was used up.
    first_unread: Cell<Option<NameId>>,
    /// The file lists of dpkg packages; each belongs to one package.
    lists: RefCell<HashSet<InodeId>>,
}

impl Budget {
    fn new(image: &Image) -> Self {
        let names = image.tree.name_count();
        let owned = names.saturating_mul(MAX_OWNERS).saturating_add(MORE_OWNED);
        Self {
            text_bytes: Cell::new(MAX_TEXTS.min(image.plausible_size())),
            depends: Cell::new(ALL_DEPENDS),
            fields: Cell::new(ALL_FIELDS),
            found_files: Cell::new(owned),
            listed_paths: Cell::new(owned),
            owned_files: Cell::new(owned),
            first_incomplete: Cell::default(),
            first_unread: Cell::default(),
            lists: RefCell::default(),
        }
    }

    /// Records that files of a package were left out.
    fn leave_out(&self, at: NameId) {
        let first = self.first_incomplete.get().unwrap_or(at);
        self.first_incomplete.set(Some(first));
    }

    /// Uses up some of the bytes of texts; false, which is recorded, if not enough are left.
    fn take_text(&self, at: NameId, bytes: u64) -> bool {
        if let Some(left) = self.text_bytes.get().checked_sub(bytes) {
            self.text_bytes.set(left);
            return true;
        }
        let first = self.first_unread.get().unwrap_or(at);
        self.first_unread.set(Some(first));
        false
    }

    /// Uses up one path of the lists of packages; false, which is recorded, if none is left.
    fn take_path(&self, record: NameId) -> bool {
        if let Some(left) = self.listed_paths.get().checked_sub(1) {
            self.listed_paths.set(left);
            return true;
        }
        self.leave_out(record);
        false
    }

    /// Uses up some of the bytes of fields; false if not enough are left.
    fn take_fields(&self, bytes: usize) -> bool {
        let left = self.fields.get().checked_sub(bytes);
        // Once one package has been left out, so are all after it: a list with gaps misleads.
        self.fields.set(left.unwrap_or(0));
        left.is_some()
    }
}

/// A package as described by its record, before its files are known.
#[derive(Clone, Debug, Default)]
struct Facts {
    name: String,
    version: String,
    architecture: Option<String>,
    source: Option<(String, String)>,
    license: Option<String>,
    broken: Option<String>,
    depends: Vec<String>,
    /// The epoch of an RPM package, which a package URL has as a qualifier.
    epoch: Option<String>,
}

impl Facts {
    /// Removes fields that are too long, except the name and the version, which identify the
    /// package. Returns whether there were any.
    fn remove_long_fields(&mut self) -> bool {
        let mut is_changed = false;
        for (field, limit) in [
            (&mut self.architecture, MAX_FIELD),
            (&mut self.license, MAX_LICENSE),
            (&mut self.broken, MAX_FIELD),
            (&mut self.epoch, MAX_FIELD),
        ] {
            if field.as_ref().is_some_and(|text| text.len() > limit) {
                *field = None;
                is_changed = true;
            }
        }
        if let Some((name, version)) = &self.source
            && name.len().max(version.len()) > MAX_FIELD
        {
            self.source = None;
            is_changed = true;
        }
        let count = self.depends.len();
        self.depends.retain(|name| name.len() <= MAX_FIELD);
        is_changed || self.depends.len() < count
    }

    /// Length of all fields, in bytes.
    fn length(&self) -> usize {
        let mut length = self.name.len() + self.version.len();
        for text in [&self.architecture, &self.license, &self.broken] {
            length += text.as_ref().map_or(0, String::len);
        }
        if let Some((name, version)) = &self.source {
            length += name.len() + version.len();
        }
        length + self.depends.iter().map(String::len).sum::<usize>()
    }
}

impl<'a> Scan<'a> {
    fn new(image: &'a Image, distribution: &'a Distribution) -> Self {
        Self {
            image,
            distribution,
            inflatable: MAX_INFLATED.min(image.plausible_size()),
            inflatable_crates: binaries::ALL_CRATES,
            budget: Budget::new(image),
            oversized: RefCell::default(),
            manifests: HashMap::new(),
            search: software::Search::new(image),
            list: Vec::new(),
            notes: Vec::new(),
        }
    }

    fn tree(&self) -> &'a Tree {
        &self.image.tree
    }

    /// The file at a path, if there is one.
    fn file(&self, path: &[u8]) -> Option<NameId> {
        let name = self.tree().resolve(path).ok()?.name;
        match self.tree().inode(name).kind {
            Kind::File(_) => Some(name),
            _ => None,
        }
    }

    /// The bytes of an archive; `None`, with a note, if it is too large. What archives contain is
    /// counted when it is decompressed.
    fn archive(&self, name: NameId) -> Result<Option<Bytes<'a>>, ReadError> {
        if self.is_readable(name, MAX_RECORD) {
            self.image.read(name).map(Some)
        } else {
            Ok(None)
        }
    }

    /// The bytes of a binary database.
    fn database(&self, name: NameId) -> Result<Option<Bytes<'a>>, ReadError> {
        self.text_at_most(name, MAX_RECORD)
    }

    /// The bytes of a text.
    fn text(&self, name: NameId) -> Result<Option<Bytes<'a>>, ReadError> {
        self.text_at_most(name, MAX_TEXT)
    }

    /// The bytes of a text of at most `limit` bytes.
    fn text_at_most(&self, name: NameId, limit: u64) -> Result<Option<Bytes<'a>>, ReadError> {
        if !self.is_readable(name, limit) {
            return Ok(None);
        }
        if let Kind::File(content) = &self.tree().inode(name).kind
            && !self.budget.take_text(name, content.length())
        {
            return Ok(None);
        }
        self.image.read(name).map(Some)
    }

    /// The bytes of a list that belongs to one package; `None` if another package has already used
    /// it.
    fn own_text_at(&self, path: &[u8]) -> Result<Option<Bytes<'a>>, ReadError> {
        let Some(name) = self.file(path) else {
            return Ok(None);
        };
        let list = self.tree().inode_id(name);
        if !self.budget.lists.borrow_mut().insert(list) {
            return Ok(None);
        }
        self.text(name)
    }

    fn text_at(&self, path: &[u8]) -> Result<Option<Bytes<'a>>, ReadError> {
        match self.file(path) {
            Some(name) => self.text(name),
            None => Ok(None),
        }
    }

    /// Whether a name is a file that is small enough to be read; a file that is too large is
    /// recorded.
    fn is_readable(&self, name: NameId, limit: u64) -> bool {
        let Kind::File(content) = &self.tree().inode(name).kind else {
            return false;
        };
        let limit = match content {
            // Holes of a sparse file take space once it is read, and a tar archive of a few bytes
            // can contain one of any size.
            Content::Sparse { .. } => limit.min(MAX_SPARSE),
            _ => limit,
        };
        let is_readable = content.length() <= limit && !self.image.is_implausible(content);
        if !is_readable {
            self.oversized.borrow_mut().insert(name);
        }
        is_readable
    }

    /// The paths in the list of a package, up to the limit on those of all packages.
    fn listed<I: Iterator>(&self, record: NameId, paths: I) -> impl Iterator<Item = I::Item> {
        paths.take_while(move |_| self.budget.take_path(record))
    }

    /// The entry at a path listed in a package. Symlinks in its directory are followed; directories
    /// are not returned.
    fn entry(&self, path: &[u8]) -> Option<NameId> {
        let name = self.tree().resolve_link(path).ok()?.name;
        if self.tree().is_directory(name) {
            return None;
        }
        Some(name)
    }

    /// The directory at a path listed in a database; `None` if there is none.
    fn directory(&self, path: &[u8]) -> Option<NameId> {
        if path.len() > MAX_PATH {
            return None;
        }
        let name = self.tree().resolve(path).ok()?.name;
        if self.tree().is_directory(name) {
            Some(name)
        } else {
            None
        }
    }

    /// The entry with a name in a directory listed in a database; `None` if it is a directory.
    fn entry_in(&self, directory: NameId, name: &[u8]) -> Option<NameId> {
        let name = self.tree().child(directory, name)?;
        if self.tree().is_directory(name) {
            return None;
        }
        Some(name)
    }

    /// The entries at the paths of one package, without directories. A path that is the parent of
    /// another counts as a directory even if it is a symlink in the image, such as `/lib`.
    fn entries(&self, paths: &[impl AsRef<[u8]>]) -> Vec<NameId> {
        // dpkg and rpm list directories too. With a merged `/usr`, `/lib` is a symlink, which would
        // be treated as a file of each package that lists it.
        let mut parents: HashSet<&[u8]> = HashSet::new();
        for path in paths {
            let path = path.as_ref();
            if let Some(slash) = memchr::memrchr(b'/', path) {
                parents.insert(&path[..slash]);
            }
        }
        let mut entries = Vec::new();
        for path in paths {
            let path = path.as_ref();
            if !parents.contains(path) {
                entries.extend(self.entry(path));
            }
        }
        entries
    }

    /// The files and symlinks below a directory, except those below directories with a certain
    /// name.
    fn files_below(&self, directory: NameId, without: Option<&[u8]>) -> Vec<NameId> {
        let tree = self.tree();
        let left = &self.budget.found_files;
        let mut files = Vec::new();
        let mut open = vec![directory];
        while let Some(directory) = open.pop() {
            for name in tree.children(directory) {
                // Many packages may claim the same large directory.
                let Some(rest) = left.get().checked_sub(1) else {
                    self.budget.leave_out(directory);
                    return files;
                };
                left.set(rest);
                if !tree.is_directory(name) {
                    files.push(name);
                } else if Some(tree.file_name(name)) != without {
                    open.push(name);
                }
            }
        }
        files
    }

    fn note(&mut self, at: NameId, text: impl Into<String>) {
        let text = text.into();
        let note = PackageNote { at, text };
        // A database may have millions of entries with the same problem.
        if self.notes.last() != Some(&note) {
            self.notes.push(note);
        }
    }

    /// Whether there are as many packages as there may be, which is noted.
    fn is_full(&mut self, record: NameId) -> bool {
        let text = if self.list.len() >= MAX_PACKAGES {
            "too many packages: the rest were not read"
        } else if self.budget.fields.get() == 0 {
            "the fields of the packages are too long: the rest were not read"
        } else {
            return false;
        };
        // Further records may be full of packages, and one note is enough.
        if self.notes.last().is_none_or(|note| note.text != text) {
            self.note(record, text);
        }
        true
    }

    /// Whether a package can be added after fields that are too long have been removed, which is
    /// noted.
    fn shorten(&mut self, facts: &mut Facts, record: NameId) -> bool {
        if facts.name.len().max(facts.version.len()) > MAX_FIELD {
            let text = "packages with a name or a version over 4 KiB were left out";
            self.note(record, text);
            return false;
        }
        if facts.remove_long_fields() {
            let text = "fields of packages over 4 KiB, and licenses over 64 KiB, were left out";
            self.note(record, text);
        }
        true
    }

    /// Adds a package, unless its record contains no name.
    fn add(
        &mut self,
        ecosystem: Ecosystem,
        mut facts: Facts,
        record: NameId,
        mut files: Vec<NameId>,
    ) {
        if facts.name.is_empty() || self.is_full(record) || !self.shorten(&mut facts, record) {
            return;
        }
        let purl = purl::purl(ecosystem, &facts, self.distribution);
        if !self.budget.take_fields(facts.length() + purl.len()) {
            // This notes it.
            self.is_full(record);
            return;
        }
        // A file may be listed under two paths, one of them through a symlink.
        files.sort_unstable();
        files.dedup();
        let left = &self.budget.owned_files;
        if files.len() > left.get() {
            self.budget.leave_out(record);
            files.truncate(left.get());
        }
        left.set(left.get() - files.len());
        // Lists that name one file many times reserved capacity for all of them.
        files.shrink_to_fit();
        let Facts {
            name,
            version,
            architecture,
            source,
            license,
            broken,
            mut depends,
            epoch: _,
        } = facts;
        depends.truncate(self.budget.depends.get());
        let left = &self.budget.depends;
        left.set(left.get() - depends.len());
        self.list.push(Package {
            ecosystem,
            name,
            version,
            architecture,
            source,
            license,
            broken,
            depends,
            record,
            files,
            purl,
        });
    }
}

/// Decodes a field of a record, replacing bytes that are not valid UTF-8.
fn text(bytes: &[u8]) -> String {
    decode(bytes.trim_ascii(), MAX_FIELD)
}

/// Decodes a license of a record.
fn license_text(bytes: &[u8]) -> String {
    decode(bytes.trim_ascii(), MAX_LICENSE)
}

/// Decodes a text that may be too long: one byte more than allowed is enough to recognize that, and
/// each byte may take three.
fn decode(bytes: &[u8], limit: usize) -> String {
    let end = bytes.len().min(limit + 1);
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}
